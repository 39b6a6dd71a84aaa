"""What the demo puts on the screen: bars and tables on a terminal, plain lines in a pipe."""

import json
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from addon.demo import application
from addon.demo.check import manifest_file, output_rows
from addon.demo.records import Record
from addon.demo.stage import Stage

_SHORT = 150


class Watcher(Protocol):
    """Is told how a job stands."""

    def __call__(self, name: str, status: str, done: int, total: int) -> None: ...


def stage(console: Console, stage: Stage, folder: Path) -> None:
    """What runs, and where."""
    table = Table(title="On this machine, without keys and without a network", title_justify="left", box=None)
    for column in ("", "where", "what"):
        table.add_column(column, overflow="fold")
    command = shlex.join(["bedrock-batch", *stage.proxy.command])
    table.add_row("S3", stage.s3_url, "moto's server")
    table.add_row("provider", stage.provider.url, "an OpenAI-style batch server without a model")
    table.add_row("proxy", stage.proxy.url, escape(command))
    table.add_row("program", application.__file__, "plain boto3, started with HTTPS_PROXY and AWS_CA_BUNDLE")
    table.add_row("folder", str(folder), "what went in, what came out, logs")
    console.print(table, "", highlight=False)


@contextmanager
def jobs(console: Console, totals: dict[str, int]) -> Iterator[Watcher]:
    """The jobs while they run."""
    console.print("[bold]The program creates two batch jobs and waits for them[/]")
    if console.is_terminal:
        with _bars(console, totals) as watcher:
            yield watcher
    else:
        yield _lines(console)
    console.print()


@contextmanager
def _bars(console: Console, totals: dict[str, int]) -> Iterator[Watcher]:
    columns = (
        TextColumn("{task.description:16}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[status]}"),
    )
    with Progress(*columns, console=console) as progress:
        tasks = {name: progress.add_task(name, total=total, status="") for name, total in totals.items()}

        def watcher(name: str, status: str, done: int, total: int) -> None:
            progress.update(tasks[name], completed=done, status=status)

        yield watcher


def _lines(console: Console) -> Watcher:
    said: dict[str, tuple[str, int]] = {}

    def watcher(name: str, status: str, done: int, total: int) -> None:
        if said.get(name) != (status, done):
            said[name] = (status, done)
            console.print(f"{name:16} {status:12} {done}/{total}", highlight=False)

    return watcher


def outcome(console: Console, files: Iterable[Path]) -> None:
    """One record of each shape with its answer, and the manifests."""
    table = Table(title="What went in, and what came home", title_justify="left", show_lines=True)
    for column in ("recordId", "modelInput.messages (the last)", "modelOutput or error"):
        table.add_column(column, overflow="fold")
    for file in files:
        shapes: set[str] = set()
        for row in output_rows(file):
            shape = row["recordId"].rpartition("-")[0]
            if shape not in shapes:
                shapes.add(shape)
                table.add_row(row["recordId"], *map(_json, (row["modelInput"]["messages"][-1], _answer(row))))
    console.print(table, "", highlight=False)
    for file in files:
        manifest = manifest_file(file).read_text(encoding="utf-8")
        console.print(f"manifest of {file.name}: {escape(manifest.strip())}", highlight=False, soft_wrap=True)


def _answer(row: Record) -> Any:
    """The part of an answer that people read."""
    if "error" in row:
        return {"error": row["error"]}
    output = row["modelOutput"]
    content = output["output"]["message"]["content"] if "output" in output else output["content"]
    return content[0]


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return escape(text if len(text) <= _SHORT else f"{text[:_SHORT]}…")


def farewell(console: Console, folder: Path, stage: Stage, records: int, seconds: float) -> None:
    """What was shown, and where it all lies."""
    batches = len(stage.provider.batches)
    console.print(
        f"\n[bold green]{records} records went to the provider in {batches} batches and came home in their "
        f"order, in {seconds:.1f} s.[/] AWS heard nothing of it.",
        highlight=False,
    )
    whereabouts(console, folder)


def whereabouts(console: Console, folder: Path) -> None:
    """Every file of the demo."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for path in files:
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    console.print(f"  {folder / 'proxy' / 'proxy.log'}", highlight=False, soft_wrap=True)
    console.print(f"Delete it all with: rm -r {shlex.quote(str(folder))}", highlight=False, soft_wrap=True)
