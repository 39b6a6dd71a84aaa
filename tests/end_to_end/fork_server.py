"""Starts proxies by forking a process that has imported everything they need.

Importing is most of a start, and these tests start hundreds. Real starts are tested with the launcher and the
demo. `ForkedProcess` takes the place of a `subprocess.Popen`; run as a program, this file is the process that
forks.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import override

from addon.demo.proxy_process import Process, ProxyProcess

_BIGGEST_REQUEST = 1 << 20
_MODULES = (
    "addon.proxy.launcher",
    "alembic.command",
    "boto3",
    "mitmproxy.tools.dump",
    "mitmproxy.tools.main",
    "pysqlite3",
)


class ForkServer:
    """The process that forks; it ends with the one that started it."""

    def __init__(self) -> None:
        self._socket, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(there.fileno())],
                pass_fds=[there.fileno()],
                start_new_session=True,
            )

    def fork(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str], log: int
    ) -> "ForkedProcess":
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps([list(command), str(folder), dict(environment)]).encode()
        with there:
            socket.send_fds(self._socket, [request], [there.fileno(), log])
        return ForkedProcess(here)


class ForkedProxy(ProxyProcess):
    """A proxy that imports nothing when it starts."""

    @override
    def spawn(self, log: int) -> Process:
        return fork(self.command, folder=self.folder, environment=self.environment, log=log)


def fork(command: Sequence[str], *, folder: Path, environment: Mapping[str, str], log: int) -> Process:
    """Run `bedrock-batch` with these arguments; standard output and error go to the file `log`.

    Elsewhere than on Linux it is a start like any other.
    """
    if sys.platform == "linux":
        return _server().fork(command, folder=folder, environment=environment, log=log)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "addon.cli.main", *command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


@cache
def _server() -> ForkServer:
    """The one of this test process."""
    return ForkServer()


class ForkedProcess:
    """A process of the fork server: what tests use of `subprocess.Popen`."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        self.pid = int(answers.recv(64))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, once it has ended."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code when it has ended. Raises `subprocess.TimeoutExpired`."""
        if self.returncode is None:
            self._answers.settimeout(timeout)
            try:
                self.returncode = int(self._answers.recv(64))
            except (BlockingIOError, TimeoutError):
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0) from None
            self._answers.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def serve(requests: socket.socket) -> None:
    """Fork a process for each request until there are no more; send its id, and later its exit code."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(requests, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is requests:
                    request, files, _, _ = socket.recv_fds(requests, _BIGGEST_REQUEST, 2)
                    if not request:
                        return
                    _fork(request, files, waiting, requests)
                else:
                    _report(key, waiting)


def _fork(
    request: bytes, files: Sequence[int], waiting: selectors.BaseSelector, requests: socket.socket
) -> None:
    answers, log = files
    pid = os.fork()
    if pid == 0:
        for key in list(waiting.get_map().values()):
            if key.data is not None:
                key.data[1].close()
        requests.close()
        waiting.close()
        os.close(answers)
        _become(request, log)
    os.close(log)
    channel = socket.socket(fileno=answers)
    channel.send(str(pid).encode())
    waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, channel))


def _report(key: selectors.SelectorKey, waiting: selectors.BaseSelector) -> None:
    pid, channel = key.data
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    waiting.unregister(key.fileobj)
    os.close(key.fd)
    with channel, suppress(BrokenPipeError):  # the test has ended without waiting for it
        channel.send(str(code).encode())


def _become(request: bytes, log: int) -> None:
    """Be the program that was asked for."""
    command, folder, environment = json.loads(request)
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(log)

    from addon.cli import main

    sys.modules["__main__"] = main  # worker processes import the main module
    sys.argv = ["bedrock-batch", *command]
    main.main()
    sys.exit()


if __name__ == "__main__":
    for module in _MODULES:
        __import__(module)
    serve(socket.socket(fileno=int(sys.argv[1])))
