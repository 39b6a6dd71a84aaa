"""What `bedrock-batch run` tells at its end: the jobs that the program made, and which other AWS hosts it
called."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from addon.cli.visible_text import visible_line
from addon.jobs.database.store import Store
from addon.jobs.database.tables import Job
from translators.bedrock.jobs import TERMINAL

BEDROCK_HOSTS = r"^(vpce-[a-z0-9-]+\.)?bedrock(-fips)?\.[a-z0-9-]+(\.[a-z0-9-]+)+:\d+$"
"""The hosts that the proxy decrypts; every other host, S3 included, is tunnelled with its own certificate."""

MOST_JOBS = 100
MOST_HOSTS = 10


@dataclass(frozen=True, kw_only=True)
class Calls:
    """What the proxy saw of the program."""

    bedrock: bool
    """Some call for Bedrock came."""
    jobs: tuple[str, ...]
    """ARNs, in the order of their creation."""
    hosts: tuple[str, ...]
    """Other AWS hosts, with ports."""


def calls_in(path: Path) -> Calls:
    """The calls in the file that `ApplicationCalls` writes."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    entries: list[dict[str, str]] = [json.loads(line) for line in lines]
    hosts = [entry["host"] for entry in entries if "host" in entry]
    return Calls(
        bedrock=any("bedrock" in entry for entry in entries),
        jobs=tuple(entry["job"] for entry in entries if "job" in entry),
        hosts=tuple(host for host in hosts if not re.search(BEDROCK_HOSTS, host)),
    )


def job_lines(store: Store, arns: Iterable[str]) -> Iterator[str]:
    """A line for each job, and one if there are too many."""
    known = [(arn, store.job(arn.rpartition("/")[2])) for arn in arns]
    for arn, job in known[:MOST_JOBS]:
        yield f"job {visible_line(arn)} was left to Bedrock" if job is None else _job_line(job)
    if len(known) > MOST_JOBS:
        yield f"{len(known) - MOST_JOBS} more jobs: bedrock-batch jobs"


def _job_line(job: Job) -> str:
    """Several facts, to which a link to the job's page can be added."""
    facts = [f"job {job.name} ({job.id}): {job.status}"]
    if job.total:
        facts.append(f"{job.succeeded} succeeded, {job.failed} failed of {job.total} records")
    if job.input_tokens or job.output_tokens:
        facts.append(f"{job.input_tokens} tokens in, {job.output_tokens} out")
    if reason := job.message if job.status in TERMINAL else job.waiting:
        facts.append(visible_line(reason))
    return "; ".join(facts)


def host_line(hosts: Iterable[str]) -> str | None:
    """The answer to why the program still needs an AWS account; None if it does not."""
    found = sorted(set(hosts))
    if not found:
        return None
    shown = [visible_line(host.removesuffix(":443")) for host in found[:MOST_HOSTS]]
    more = f" and {len(found) - MOST_HOSTS} more" if len(found) > MOST_HOSTS else ""
    return f"other AWS hosts that the program called, with its AWS account: {', '.join(shown)}{more}"
