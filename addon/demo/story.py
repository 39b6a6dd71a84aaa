"""`bedrock-batch demo`: S3, a provider, the proxy and a boto3 program here, and what comes of it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from rich.console import Console

from addon.demo import application, check, show
from addon.demo.proxy_process import DidNotStart
from addon.demo.records import Record, claude_records, converse_records
from addon.demo.stage import NoS3Server, Stage, aws_variables, set_up, without_accounts
from addon.proxy.application_environment import application_environment


class DemoFailed(Exception):
    """The demo did not come out right; the message says what did not."""


def run(program: str = application.__file__) -> int:
    """Tell the whole story on standard output; the exit code, 0 only if everything came out right.

    `program` is what creates the jobs; it is given the folder of their inputs.
    """
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="bedrock-batch-demo-"))
    earlier = signal.signal(signal.SIGTERM, _interrupt)
    try:
        _tell(console, folder, program)
    except NoS3Server as error:
        console.print(f"{error}: install it with 'bedrock-batch-proxy[demo]'", highlight=False, markup=False)
        folder.rmdir()
        return 1
    except (DemoFailed, DidNotStart) as error:
        console.print(f"The demo failed: {error}", highlight=False, markup=False, style="red")
        show.whereabouts(console, folder)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted; everything that the demo started has been ended.")
        show.whereabouts(console, folder)
        return 130
    finally:
        signal.signal(signal.SIGTERM, earlier)
    return 0


def _tell(console: Console, folder: Path, program: str) -> None:
    began = time.monotonic()
    jobs = {folder / "claude.jsonl": claude_records(96), folder / "converse.jsonl": converse_records(36)}
    console.print("Starting an S3 server, a provider and the proxy …")
    with set_up(folder, os.environ) as stage:
        for file, records in jobs.items():
            _write(file, records)
        show.stage(console, stage, program, folder)
        totals = {file.name: len(records) for file, records in jobs.items()}
        _play(console, [sys.executable, "-P", program, str(folder)], folder, stage, totals)
    faults = [fault for file, records in jobs.items() for fault in check.faults(file, records)]
    if faults:
        raise DemoFailed("\n".join(faults))
    show.outcome(console, jobs)
    show.farewell(console, stage, sum(map(len, jobs.values())), time.monotonic() - began)
    show.whereabouts(console, folder)
    show.line(console, f"Look at the jobs again: bedrock-batch jobs list --database {stage.proxy.database}")


def _write(file: Path, records: list[Record]) -> None:
    lines = (json.dumps(record, ensure_ascii=False) for record in records)
    file.write_text("\n".join(lines), encoding="utf-8")


def _play(console: Console, command: list[str], folder: Path, stage: Stage, totals: dict[str, int]) -> None:
    """Run the program to its end, watching what it prints. Raises `DemoFailed` when it fails."""
    environment = {**without_accounts(os.environ, folder), **aws_variables(stage.s3_url)}
    log = folder / "program.log"
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            command,
            env=application_environment(environment, stage.proxy.url, stage.proxy.bundle),
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            start_new_session=True,
        ) as program,
    ):
        try:
            states = _watch(console, program, totals)
        except BaseException:
            program.kill()
            raise
    if program.returncode != 0:
        said = "\n".join(
            [*log.read_text(encoding="utf-8").splitlines()[-5:], *stage.proxy.said().splitlines()[-5:]]
        )
        raise DemoFailed(f"the program ended with code {program.returncode}:\n{said}")
    unfinished = {name: state for name, state in states.items() if not state.startswith("Completed")}
    if unfinished:
        raise DemoFailed(f"not completed: {unfinished}")


def _watch(console: Console, program: subprocess.Popen[str], totals: dict[str, int]) -> dict[str, str]:
    """Show each line `NAME STATUS DONE/TOTAL ARN MESSAGE` of the program; the last state of each job."""
    states: dict[str, str] = {}
    assert program.stdout is not None
    with show.jobs(console, totals) as watcher:
        for line in program.stdout:
            name, status, counts, _, message = line.rstrip("\n").split(" ", 4)
            states[name] = f"{status} {message}"
            watcher(name, status, *map(int, counts.split("/")))
    return states


def _interrupt(number: int, _: FrameType | None) -> None:
    raise KeyboardInterrupt
