"""Real traffic through a real mitmdump that writes a flow file, and a HAR beside it."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from addon.demo.proxy_process import free_port
from tests.waiting import wait_until


@dataclass(frozen=True)
class Capture:
    """What listens, and what it writes; both files are whole when the proxy has ended."""

    url: str
    flows: Path
    har: Path


@contextmanager
def captured(folder: Path) -> Iterator[Capture]:
    port = free_port()
    capture = Capture(f"http://127.0.0.1:{port}", folder / "nightly.flows", folder / "nightly.har")
    options = {"confdir": folder / "mitmproxy", "hardump": capture.har, "connection_strategy": "lazy"}
    program = Path(sys.executable).with_name("mitmdump")
    settings = [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
    process = subprocess.Popen(
        [program, "-q", "--listen-host", "127.0.0.1", "-p", str(port), "-w", capture.flows, *settings]
    )
    try:
        wait_until(lambda: _listens(port, process), "a mitmdump that listens")
        yield capture
    finally:
        process.terminate()
        process.wait()


def _listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "mitmdump did not start"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
