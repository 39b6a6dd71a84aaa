"""The demo's output: bars on a terminal, plain lines in a pipe."""

import json
import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from addon.demo.check import manifest_file, output_rows
from addon.demo.records import Record
from addon.demo.servers import PROXY, Servers

_SHORT = 160


type ShowProgress = Callable[[str, str, int, int], None]
"""Takes a job's name and status, and how many of its records are done, of how many."""


def print_servers(console: Console, servers: Servers, program: str, folder: Path) -> None:
    """Print what runs, and where."""
    console.print("[bold]On this machine, without keys and without a network[/]")
    proxy = shlex.join(["bedrock-batch", *servers.proxy.command])
    rows = {
        "S3": f"{servers.s3_url}  moto's server",
        "provider": f"{servers.provider.url}  an OpenAI-style batch server without a model",
        "proxy": f"{servers.proxy.url}  {proxy}",
        "program": f"{program}  plain boto3; its environment has HTTPS_PROXY and AWS_CA_BUNDLE",
        "folder": str(folder),
    }
    for name, text in rows.items():
        print_line(console, f"  {name:9} {text}")
    console.print()


@contextmanager
def job_progress(console: Console, totals: dict[str, int]) -> Iterator[ShowProgress]:
    """Show the jobs while they run."""
    console.print("[bold]The program creates two batch jobs and waits for them[/]")
    if console.is_terminal:
        with _bars(console, totals) as show_progress:
            yield show_progress
    else:
        yield _lines(console)
    console.print()


@contextmanager
def _bars(console: Console, totals: dict[str, int]) -> Iterator[ShowProgress]:
    columns = (
        TextColumn("{task.description:16}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[status]}"),
    )
    with Progress(*columns, console=console) as progress:
        tasks = {name: progress.add_task(name, total=total, status="") for name, total in totals.items()}
        passed: dict[str, list[str]] = {name: [] for name in totals}

        def show_progress(name: str, status: str, done: int, total: int) -> None:
            if status not in passed[name]:
                passed[name].append(status)
            progress.update(tasks[name], completed=done, status=" → ".join(passed[name]))

        yield show_progress


def _lines(console: Console) -> ShowProgress:
    printed: dict[str, tuple[str, int]] = {}

    def show_progress(name: str, status: str, done: int, total: int) -> None:
        if printed.get(name) != (status, done):
            printed[name] = (status, done)
            console.print(f"{name:16} {status:12} {done}/{total}", highlight=False)

    return show_progress


def print_results(console: Console, files: Iterable[Path]) -> None:
    """Print one record of each shape with its answer, and the manifests."""
    console.print("[bold]What went in, and what came home[/] (one record of each shape)")
    for file in files:
        shapes: set[str] = set()
        for row in output_rows(file):
            shape = row["recordId"].rpartition("-")[0]
            if shape not in shapes:
                shapes.add(shape)
                console.print(f"  [cyan]{row['recordId']}[/]", highlight=False)
                print_line(console, f"    in   {_json(row['modelInput']['messages'][-1])}")
                print_line(console, f"    out  {_json(_answer(row))}")
    console.print()
    for file in files:
        manifest = manifest_file(file).read_text(encoding="utf-8").strip()
        print_line(console, f"  manifest of {file.name}: {manifest}")


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


def print_line(console: Console, text: str) -> None:
    """Print a line as it is: neither coloured nor broken, so that it can be copied."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def print_summary(console: Console, servers: Servers, records: int, seconds: float) -> None:
    batches = len(servers.provider.batches)
    console.print(
        f"\n[bold green]{records} records went to the provider in {batches} batches and came home in their "
        f"order, in {seconds:.0f} s.[/] AWS heard nothing of it.\n",
        highlight=False,
    )


def print_files(console: Console, folder: Path) -> None:
    """Print every file of the demo, and how to delete them."""
    logs = [folder / PROXY / "proxy.log"]
    for path in [*sorted(path for path in folder.iterdir() if path.is_file()), *filter(Path.exists, logs)]:
        print_line(console, f"  {path}")
    print_line(console, f"Delete it all: rm -r {shlex.quote(str(folder))}")
