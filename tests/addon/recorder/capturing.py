"""Real traffic through a real mitmdump that writes a flow file, and a HAR beside it."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Capture:
    """What listens, and what it writes; both files are whole when the proxy has ended."""

    url: str
    flows: Path
    har: Path


@contextmanager
def captured(folder: Path) -> Iterator[Capture]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    capture = Capture(f"http://127.0.0.1:{port}", folder / "nightly.flows", folder / "nightly.har")
    options = {"confdir": folder / "mitmproxy", "hardump": capture.har, "connection_strategy": "lazy"}
    program = Path(sys.executable).with_name("mitmdump")
    settings = [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
    process = subprocess.Popen(
        [program, "-q", "--listen-host", "127.0.0.1", "-p", str(port), "-w", capture.flows, *settings]
    )
    try:
        _wait_for(port, process)
        yield capture
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert process.poll() is None, "mitmdump did not start"
            assert time.monotonic() < until, "mitmdump does not listen"
            time.sleep(0.05)
        else:
            return
