"""`kill -9` of a proxy at a moment that a test chooses."""

import os
import signal
from contextlib import suppress

from addon.demo.proxy_process import ProxyProcess
from tests.waiting import wait_until


class Killer:
    """Kills a proxy, once."""

    def __init__(self, proxy: ProxyProcess) -> None:
        self._proxy = proxy
        self._done = False

    def kill(self) -> None:
        if not self._done:
            self._done = True
            with suppress(ProcessLookupError):
                os.kill(self._proxy.pid, signal.SIGKILL)

    def restart(self) -> None:
        """Wait until the proxy was killed, and start it again."""
        wait_until(lambda: self._proxy.ended, "the moment to kill the proxy")
        self._proxy.start()
