"""What the demo puts on the screen: bars and tables on a terminal, plain lines in a pipe."""

import json
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from addon.demo.check import manifest_file, output_rows
from addon.demo.records import Record
from addon.demo.stage import PROXY, Stage

_SHORT = 160


class Watcher(Protocol):
    """Is told how a job stands."""

    def __call__(self, name: str, status: str, done: int, total: int) -> None: ...


def stage(console: Console, stage: Stage, program: str, folder: Path) -> None:
    """What runs, and where."""
    console.print("[bold]On this machine, without keys and without a network[/]")
    proxy = shlex.join(["bedrock-batch", *stage.proxy.command])
    rows = {
        "S3": f"{stage.s3_url}  moto's server",
        "provider": f"{stage.provider.url}  an OpenAI-style batch server without a model",
        "proxy": f"{stage.proxy.url}  {proxy}",
        "program": f"{program}  plain boto3; its environment has HTTPS_PROXY and AWS_CA_BUNDLE",
        "folder": str(folder),
    }
    for name, text in rows.items():
        line(console, f"  {name:9} {text}")
    console.print()


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
        passed: dict[str, list[str]] = {name: [] for name in totals}

        def watcher(name: str, status: str, done: int, total: int) -> None:
            if status not in passed[name]:
                passed[name].append(status)
            progress.update(tasks[name], completed=done, status=" → ".join(passed[name]))

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
    console.print("[bold]What went in, and what came home[/] (one record of each shape)")
    for file in files:
        shapes: set[str] = set()
        for row in output_rows(file):
            shape = row["recordId"].rpartition("-")[0]
            if shape not in shapes:
                shapes.add(shape)
                console.print(f"  [cyan]{row['recordId']}[/]", highlight=False)
                line(console, f"    in   {_json(row['modelInput']['messages'][-1])}")
                line(console, f"    out  {_json(_answer(row))}")
    console.print()
    for file in files:
        manifest = manifest_file(file).read_text(encoding="utf-8").strip()
        line(console, f"  manifest of {file.name}: {manifest}")


def _answer(row: Record) -> Any:
    """The part of an answer that people read."""
    if "error" in row:
        return {"error": row["error"]}
    output = row["modelOutput"]
    content = output["output"]["message"]["content"] if "output" in output else output["content"]
    return content[0]


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"


def line(console: Console, text: str) -> None:
    """A line as it is: neither coloured nor broken, so that it can be copied."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def farewell(console: Console, stage: Stage, records: int, seconds: float) -> None:
    """What was shown."""
    batches = len(stage.provider.batches)
    console.print(
        f"\n[bold green]{records} records went to the provider in {batches} batches and came home in their "
        f"order, in {seconds:.0f} s.[/] AWS heard nothing of it.\n",
        highlight=False,
    )


def whereabouts(console: Console, folder: Path) -> None:
    """Every file of the demo, and how to be rid of it."""
    logs = [folder / PROXY / "proxy.log"]
    for path in [*sorted(path for path in folder.iterdir() if path.is_file()), *filter(Path.exists, logs)]:
        line(console, f"  {path}")
    line(console, f"Delete it all: rm -r {shlex.quote(str(folder))}")
