"""What `bedrock-batch translate` reads and writes that is no plain file, in processes of its own.

Never a path below /dev itself: where a defect replaces what `--out` names, it is gone for the whole machine.
"""

import errno
import json
import os
import resource
import subprocess
from io import BytesIO
from pathlib import Path
from typing import override

import pytest

from addon.cli.errors import CommandError
from addon.cli.stream_blocks import blocks_in_order
from addon.cli.translate import Translation
from tests.addon.cli import programs
from tests.addon.cli.test_translate import a_record, translate, written
from tests.waiting import PATIENCE

TARGET = ("--model", "gpt-5.4-mini", "--to", "openai")


def from_shell(folder: Path, redirection: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = programs.command("translate", *TARGET, *arguments)
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *command],
        cwd=folder,
        env=programs.environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def is_the_line(text: str) -> bool:
    return [json.loads(line)["custom_id"] for line in text.splitlines()] == ["offline00000-0"]


def test_a_pipe_with_a_name_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with open(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), encoding="utf-8") as reader:
        assert translate(tmp_path, "--out", "pipe", stdin=a_record()).returncode == 0
        assert pipe.is_fifo()
        assert is_the_line(reader.read())


def test_an_open_file_is_written_into_where_it_stands(tmp_path: Path) -> None:
    link, together = tmp_path / "link", tmp_path / "together"
    link.symlink_to("/dev/fd/1")
    together.write_text("before\n", encoding="utf-8")
    source = written(tmp_path, [a_record()])
    with together.open("ab") as output:
        command = programs.command("translate", str(source), *TARGET, "--out", str(link))
        subprocess.run(
            command, env=programs.environment(tmp_path), stdout=output, stderr=subprocess.PIPE, check=True
        )
    assert link.is_symlink()
    before, line = together.read_text(encoding="utf-8").splitlines()
    assert before == "before"
    assert is_the_line(line)


def test_through_a_link_its_file_is_written_when_all_of_it_is_there(tmp_path: Path) -> None:
    link, file = tmp_path / "link", tmp_path / "folder" / "file"
    file.parent.mkdir()
    file.write_text("before", encoding="utf-8")
    link.symlink_to(Path("folder") / "file")
    assert translate(tmp_path, "--out", "link", stdin=f"{a_record()}\n[]").returncode == 1
    assert file.read_text(encoding="utf-8") == "before"
    for _ in range(2):
        assert translate(tmp_path, "--out", "link", stdin=a_record()).returncode == 0
        assert link.is_symlink()
        assert is_the_line(file.read_text(encoding="utf-8"))
        file.unlink()  # a link may also lead to what is not there yet


@pytest.mark.parametrize("out", [".", "/", "", "folder"])
def test_a_folder_is_not_written(tmp_path: Path, out: str) -> None:
    (tmp_path / "folder").mkdir()
    done = translate(tmp_path, "--out", out, stdin=a_record())
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr == f"bedrock-batch: --out: {out or '.'} is a folder: name a file\n"


def test_links_in_a_circle_are_told(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    done = translate(tmp_path, "--out", "a", stdin=a_record())
    assert (done.returncode, done.stderr) == (1, f"bedrock-batch: a: {os.strerror(errno.ELOOP)}\n")


@pytest.mark.parametrize(
    ("redirection", "arguments", "said"),
    [
        ("<&-", [], "standard input is closed: name a file"),
        ("<&-", ["--check"], "standard input is closed: name a file"),
        (">&-", ["in.jsonl"], "standard output is closed: send it to a file or a pipe"),
        (">&-", ["in.jsonl", "--check"], "standard output is closed: send it to a file or a pipe"),
    ],
)
def test_what_is_closed_is_told_in_a_line(
    tmp_path: Path, redirection: str, arguments: list[str], said: str
) -> None:
    written(tmp_path, [a_record()])
    done = from_shell(tmp_path, redirection, *arguments)
    assert (done.returncode, done.stderr) == (1, f"bedrock-batch: {said}\n")


def test_a_file_needs_no_standard_output(tmp_path: Path) -> None:
    written(tmp_path, [a_record()])
    assert from_shell(tmp_path, ">&-", "in.jsonl", "--out", "out.jsonl").returncode == 0
    assert is_the_line((tmp_path / "out.jsonl").read_text(encoding="utf-8"))


@pytest.mark.parametrize("arguments", [[], ["--check"], ["--check", "--json"]])
@pytest.mark.parametrize("records", [30, 3000])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_told_in_a_line(
    tmp_path: Path, arguments: list[str], records: int, unbuffered: str
) -> None:
    """With little to write it is full when the rest is written at the end; with much, in the middle."""
    source = written(tmp_path, [a_record("R", temprature=1), *[a_record("R")] * records])
    environment = programs.environment(tmp_path, PYTHONUNBUFFERED=unbuffered, PYTHONDONTWRITEBYTECODE="1")
    for name in [name for name in environment if name.startswith("COV")]:
        del environment[name]  # its files would not fit either
    with (tmp_path / "output").open("wb") as output:
        done = subprocess.run(
            programs.command("translate", str(source), *TARGET, *arguments),
            env=environment,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
            check=False,
        )
    said = [line for line in done.stderr.splitlines() if not line.startswith("line 1, R: ")]
    assert (done.returncode, said) == (1, [f"bedrock-batch: standard output: {os.strerror(errno.EFBIG)}"])


@pytest.mark.parametrize("arguments", [[], ["--out", "link"], ["--check"]])
def test_a_reader_that_went_away_is_no_error(tmp_path: Path, arguments: list[str]) -> None:
    source = written(tmp_path, [a_record("R")] * 3000)
    (tmp_path / "link").symlink_to("/dev/fd/1")
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as output:
        done = subprocess.run(
            programs.command("translate", str(source), *TARGET, *arguments),
            cwd=tmp_path,
            env=programs.environment(tmp_path),
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.stderr == ""


def test_an_input_that_breaks_off_is_told() -> None:
    class Broken(BytesIO):
        @override
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(CommandError, match="the input cannot be read: "):
        list(blocks_in_order(lambda block, index: Translation(), Broken()))
