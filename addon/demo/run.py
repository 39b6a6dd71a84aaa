"""`bedrock-batch demo`: runs S3, a provider, the proxy and a boto3 program, and checks the results."""

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

from addon.demo import application, check, screen
from addon.demo.proxy_process import DidNotStart
from addon.demo.records import Record, claude_records, converse_records
from addon.demo.servers import NoS3Server, Servers, aws_variables, started_servers, without_accounts
from addon.proxy.application_environment import application_environment


class DemoFailed(Exception):
    """The results are wrong; the message states which."""


def run_demo(program: str = application.__file__) -> int:
    """Run the demo and print it. Returns the exit code: 0 only if the results are right.

    `program` creates the jobs; it is given the folder of their inputs.
    """
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="bedrock-batch-demo-"))
    earlier = signal.signal(signal.SIGTERM, _interrupt)
    try:
        _run(console, folder, program)
    except NoS3Server as error:
        console.print(f"{error}: install it with 'bedrock-batch-proxy[demo]'", highlight=False, markup=False)
        folder.rmdir()
        return 1
    except (DemoFailed, DidNotStart) as error:
        console.print(f"The demo failed: {error}", highlight=False, markup=False, style="red")
        screen.print_files(console, folder)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted; everything that the demo started has been ended.")
        screen.print_files(console, folder)
        return 130
    finally:
        signal.signal(signal.SIGTERM, earlier)
    return 0


def _run(console: Console, folder: Path, program: str) -> None:
    began = time.monotonic()
    jobs = {folder / "claude.jsonl": claude_records(96), folder / "converse.jsonl": converse_records(36)}
    console.print("Starting an S3 server, a provider and the proxy …")
    with started_servers(folder, os.environ) as servers:
        for file, records in jobs.items():
            _write(file, records)
        screen.print_servers(console, servers, program, folder)
        totals = {file.name: len(records) for file, records in jobs.items()}
        _run_program(console, [sys.executable, "-P", program, str(folder)], folder, servers, totals)
    problems = [problem for file, records in jobs.items() for problem in check.problems(file, records)]
    if problems:
        raise DemoFailed("\n".join(problems))
    screen.print_results(console, jobs)
    screen.print_summary(console, servers, sum(map(len, jobs.values())), time.monotonic() - began)
    screen.print_files(console, folder)
    screen.print_line(
        console, f"Look at the jobs again: bedrock-batch jobs list --database {servers.proxy.database}"
    )


def _write(file: Path, records: list[Record]) -> None:
    lines = (json.dumps(record, ensure_ascii=False) for record in records)
    file.write_text("\n".join(lines), encoding="utf-8")


def _run_program(
    console: Console, command: list[str], folder: Path, servers: Servers, totals: dict[str, int]
) -> None:
    """Run the program to its end, watching what it prints. Raises `DemoFailed` when it fails."""
    environment = {**without_accounts(os.environ, folder), **aws_variables(servers.s3_url)}
    log = folder / "program.log"
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            command,
            env=application_environment(environment, servers.proxy.url, servers.proxy.bundle),
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
        logs = (log.read_text(encoding="utf-8"), servers.proxy.log_text())
        last = "\n".join(line for text in logs for line in text.splitlines()[-5:])
        raise DemoFailed(f"the program ended with code {program.returncode}:\n{last}")
    unfinished = {name: state for name, state in states.items() if not state.startswith("Completed")}
    if unfinished:
        raise DemoFailed(f"not completed: {unfinished}")


def _watch(console: Console, program: subprocess.Popen[str], totals: dict[str, int]) -> dict[str, str]:
    """Show each line `NAME STATUS DONE/TOTAL ARN MESSAGE`. Returns the last state of each job."""
    states: dict[str, str] = {}
    assert program.stdout is not None
    with screen.job_progress(console, totals) as show_progress:
        for line in program.stdout:
            name, status, counts, _, message = line.rstrip("\n").split(" ", 4)
            states[name] = f"{status} {message}"
            show_progress(name, status, *map(int, counts.split("/")))
    return states


def _interrupt(number: int, _: FrameType | None) -> None:
    raise KeyboardInterrupt
