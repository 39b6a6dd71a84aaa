"""The demo, played as a user plays it: in a process of its own, with an empty home."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from addon.demo import screen
from tests.addon.cli import programs

DEMO = (sys.executable, "-P", "-m", "addon.cli.main", "demo")
WITHOUT_MOTO = (
    "import sys; sys.modules['moto.server'] = None; from addon.demo.run import run_demo; sys.exit(run_demo())"
)


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(home), "TMPDIR": str(home), "AWS_PROFILE": "not-of-this-demo"}


@contextmanager
def playing(home: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A demo whose proxy listens, and the proxy's port."""
    with subprocess.Popen(DEMO, env=environment(home), stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if line.startswith("  proxy "):
                (port,) = re.findall(r"--listen-port (\d+)", line)
                yield demo, int(port)
                return
    raise AssertionError("the demo ended before its proxy listened")


def test_the_demo_plays_to_its_end(tmp_path: Path) -> None:
    demo = subprocess.run(DEMO, env=environment(tmp_path), capture_output=True, text=True)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    said = demo.stdout
    assert said.index("Submitted") < said.index("InProgress") < said.index("Completed")
    assert "132 records went to the provider in 2 batches" in said
    for shape in ("system", "multi-turn", "image", "tool-use", "tool-result", "structured-output", "failing"):
        assert re.search(rf"^  {shape}-\d+$", said, re.MULTILINE)
    (folder,) = tmp_path.glob("bedrock-batch-demo-*")
    assert f"rm -r {folder}" in said
    assert (folder / "claude.jsonl.out").read_bytes().count(b"\n") == 96
    assert not (tmp_path / ".mitmproxy").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_no_process_behind(tmp_path: Path, number: signal.Signals) -> None:
    with playing(tmp_path) as (demo, port):
        assert programs.listens(port)
        demo.send_signal(number)
        said, _ = demo.communicate()
    assert demo.returncode == 130
    assert "Interrupted" in said
    assert not programs.listens(port)


def test_without_moto_the_demo_says_what_to_install(tmp_path: Path) -> None:
    demo = subprocess.run(
        [sys.executable, "-c", WITHOUT_MOTO], env=environment(tmp_path), capture_output=True, text=True
    )
    assert demo.returncode == 1
    assert "bedrock-batch-proxy[demo]" in demo.stdout
    assert demo.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_proxy_that_does_not_start_is_quoted(tmp_path: Path) -> None:
    broken = (
        "import sys; sys.executable = '/bin/ls'; from addon.demo.run import run_demo; sys.exit(run_demo())"
    )
    demo = subprocess.run(
        [sys.executable, "-c", broken], env=environment(tmp_path), capture_output=True, text=True
    )
    assert demo.returncode == 1
    assert "the proxy ended with code" in demo.stdout
    assert "rm -r" in demo.stdout


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import sys; sys.exit('no such bucket')", "ended with code 1:\nno such bucket"),
        ("print('claude.jsonl Failed 0/0 arn: no such bucket')", "Failed no such bucket"),
        ("print('claude.jsonl Completed 96/96 arn: ')", "no claude.jsonl.out"),
    ],
    ids=["program-fails", "job-fails", "no-results"],
)
def test_a_program_or_a_job_that_fails_is_told(tmp_path: Path, program: str, said: str) -> None:
    file = tmp_path / "program.py"
    file.write_text(program)
    play = f"import sys; from addon.demo.run import run_demo; sys.exit(run_demo({str(file)!r}))"
    demo = subprocess.run(
        [sys.executable, "-c", play], env=environment(tmp_path), capture_output=True, text=True
    )
    assert demo.returncode == 1
    assert said in demo.stdout
    assert demo.stderr == ""


def shown_progress(*, terminal: bool) -> str:
    file = StringIO()
    console = Console(file=file, force_terminal=terminal, width=120)
    with screen.job_progress(console, {"claude.jsonl": 3}) as show_progress:
        for status, done in (("Submitted", 0), ("InProgress", 1), ("InProgress", 1), ("Completed", 3)):
            show_progress("claude.jsonl", status, done, 3)
    return file.getvalue()


def test_a_terminal_gets_bars_and_a_pipe_gets_lines() -> None:
    assert "Submitted → InProgress → Completed" in shown_progress(terminal=True)
    assert [line.split() for line in shown_progress(terminal=False).splitlines()[1:-1]] == [
        ["claude.jsonl", "Submitted", "0/3"],
        ["claude.jsonl", "InProgress", "1/3"],
        ["claude.jsonl", "Completed", "3/3"],
    ]
