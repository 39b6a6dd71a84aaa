"""Runs the command line in processes of its own, with an empty home and no network."""

import contextlib
import fcntl
import os
import pty
import socket
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from addon.demo.servers import without_accounts
from addon.jobs.database.tables import Job, utc_now
from tests.waiting import PATIENCE

NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there."""


def environment(home: Path, **more: str) -> dict[str, str]:
    """Dummy AWS credentials, a dummy key, nothing of this machine's user."""
    (home / "tmp").mkdir(exist_ok=True)
    mine = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "XDG_DATA_HOME", "XDG_CONFIG_HOME")
    kept = {name: value for name, value in without_accounts(os.environ, home).items() if name not in mine}
    return {
        **kept,
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "AWS_ACCESS_KEY_ID": "dummy",
        "AWS_SECRET_ACCESS_KEY": "dummy",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": NOWHERE,
        "OPENAI_API_KEY": "sk-dummy",
        "OPENAI_BASE_URL": f"{NOWHERE}/v1",
        **more,
    }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "addon.cli.main", *arguments]


def run(
    arguments: Sequence[str], home: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `bedrock-batch` with these arguments to its end."""
    return subprocess.run(
        command(*arguments),
        cwd=home,
        env=environment(home, **(variables or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@dataclass(frozen=True)
class Terminal:
    """A program on a terminal of its own."""

    process: subprocess.Popen[bytes]
    type: Callable[[bytes], object]
    shown: Callable[[], str]


@contextmanager
def on_terminal(arguments: Sequence[str], home: Path) -> Iterator[Terminal]:
    """`bedrock-batch` on a terminal, in the foreground."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 150, 0, 0))
    shown = bytearray()

    def read() -> None:
        with contextlib.suppress(OSError):  # Linux's way to say that nobody writes any more
            while block := os.read(ours, 65536):
                shown.extend(block)

    process = subprocess.Popen(
        command(*arguments),
        cwd=home,
        env=environment(home, TERM="xterm"),
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(its)
    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield Terminal(process, lambda keys: os.write(ours, keys), lambda: shown.decode(errors="replace"))
    finally:
        process.kill()
        process.wait()
        reader.join()
        os.close(ours)


def listens(port: int) -> bool:
    """Whether a connection to this port of this machine succeeds."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def a_job(number: int = 1, **columns: object) -> Job:
    """A job as the store keeps it, in progress and 3 hours old."""
    job_id = f"job{number:09d}"
    now = utc_now()
    values: dict[str, object] = {
        "id": job_id,
        "arn": f"arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/{job_id}",
        "name": f"nightly-{number}",
        "provider": "openai",
        "model": "gpt-5.4-mini",
        "kind": "openai",
        "request": {
            "jobName": f"nightly-{number}",
            "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
            "roleArn": "arn:aws:iam::123456789012:role/batch",
            "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://in-bucket/records/"}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://out-bucket/results"}},
        },
        "region": "us-east-1",
        "account": "123456789012",
        "client_request_token": None,
        "fingerprint": "0" * 64,
        "status": "InProgress",
        "stop_requested": False,
        "submitted": now - timedelta(hours=3, minutes=1),
        "modified": now,
        "deadline": now + timedelta(hours=20),
        "total": 0,
        "succeeded": 0,
        "failed": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "inputs": [],
        "report": {},
    }
    return Job(**{**values, **columns})
