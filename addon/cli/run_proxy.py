"""The proxy of one `bedrock-batch run`: a child process that ends when its parent does.

Standard input carries one line of JSON, `{"settings": ["name=value", …], "ready": "path", "seen": "path"}`:
settings may hold a password for an upstream proxy, and command lines can be read by other users. When
standard input ends, so does the proxy. Imports are light because worker processes import their parent's main
module.
"""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

STANDARD_INPUT = 0


class Lifeline:
    """Writes the file that states where the proxy listens, and ends the proxy when the parent is gone."""

    name = "bedrock_batch_lifeline"

    def __init__(self, ready: Path) -> None:
        self._ready = ready

    def running(self) -> None:
        from mitmproxy import ctx
        from mitmproxy.proxy.mode_specs import ReverseMode

        addons = ctx.master.addons.lookup
        if addons["errorcheck"].logger.has_errored:
            return  # mitmproxy ends the start-up after this
        ports = {
            isinstance(server.mode, ReverseMode): server.listen_addrs[0][1]
            for server in addons["proxyserver"].servers
        }
        state = {
            "port": ports[False],
            "reverse_port": ports.get(True),
            "confdir": os.path.expanduser(ctx.options.confdir),
            "config": ctx.options.batch_config,
            "database": ctx.options.batch_database,
        }
        half_written = self._ready.with_suffix(".new")
        half_written.write_text(json.dumps(state), encoding="utf-8")
        half_written.replace(self._ready)
        threading.Thread(
            target=_at_end_of_input, args=(ctx.master.shutdown,), name="lifeline", daemon=True
        ).start()


def _at_end_of_input(end: Callable[[], object]) -> None:
    while os.read(STANDARD_INPUT, 1024):
        pass
    end()


def _first_line() -> bytes:
    """Read without a buffer, since the lifeline reads on from here."""
    return b"".join(iter(lambda: os.read(STANDARD_INPUT, 1).strip(b"\n"), b""))


def main() -> None:
    from addon.cli.application_calls import ApplicationCalls
    from addon.proxy import launcher

    start = json.loads(_first_line())
    calls = ApplicationCalls(Path(start["seen"]))
    launcher.start_with(start["settings"], Lifeline(Path(start["ready"])), calls)


if __name__ == "__main__":
    main()
