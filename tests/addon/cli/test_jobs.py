import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from addon.cli.jobs import watching
from addon.cli.main import application
from addon.jobs.database.store import Store
from addon.jobs.database.tables import Job, Shard, utc_now
from tests.addon.cli import programs
from tests.addon.cli.programs import a_job
from tests.waiting import PATIENCE, wait_until
from translators.bedrock.jobs import JobStatus

CONTROL_C = b"\x03"

type Jobs = Callable[..., Result]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'jobs.db'}")
    yield store
    store.close()


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    """Runs `bedrock-batch jobs …` on the store."""

    def run(command: str, *arguments: str) -> Result:
        database = ["--database", f"sqlite:///{tmp_path / 'jobs.db'}"]
        return CliRunner().invoke(application, ["jobs", command, *arguments, *database])

    return run


def a_shard(job: Job, number: int, **columns: object) -> Shard:
    values: dict[str, object] = {
        "first_record": 50 * number,
        "records": 50,
        "lines": 50,
        "object": 0,
        "offset": 0,
        "line_number": 1,
    }
    return Shard(job_id=job.id, number=number, **{**values, **columns})


def a_split_job(store: Store) -> Job:
    """In two shards: one with a provider batch, one that the provider refused."""
    job = store.add(a_job(total=100), {"team": "search"})
    inputs = [{"key": "records/a/one.jsonl", "size": 4096, "etag": None, "records": 100}]
    report = {"dropped inferenceConfig.topK": {"count": 3, "example": "REC00000007"}}
    shards = [a_shard(job, 0), a_shard(job, 1, refusal="invalid model")]
    store.plan(job.id, utc_now(), shards=shards, inputs=inputs, report=report)
    store.batch(job.id, 0, 0)
    store.change_batch(job.id, 0, 0, batch_id="batch_67", raw_status="in_progress", input_id="file-1")
    store.change(job.id, utc_now(), succeeded=20, failed=2, input_tokens=700, output_tokens=90)
    return job


def test_list_shows_the_newest_first(store: Store, jobs: Jobs) -> None:
    store.add(a_job(1, total=120, succeeded=30, failed=6), {})
    store.add(a_job(2, status="Completed", submitted=utc_now() - timedelta(seconds=70)), {})
    head, second, first = jobs("list").output.splitlines()
    assert head.split() == ["ID", "NAME", "PROVIDER", "MODEL", "STATUS", "PROGRESS", "AGE"]
    assert second.split() == [
        "job000000002",
        "nightly-2",
        "openai",
        "gpt-5.4-mini",
        "Completed",
        "-",
        "1",
        "min",
    ]
    assert re.split(r" {2,}", first.strip())[-3:] == ["InProgress", "36/120 (30 %, 6 failed)", "3 h"]


def test_jobs_alone_lists(store: Store, tmp_path: Path) -> None:
    store.add(a_job(), {})
    config = tmp_path / "bedrock-batch.toml"
    config.write_text(f"[jobs]\nfolder = {json.dumps(str(tmp_path))}\n")
    listed = CliRunner().invoke(application, ["jobs", "list", "--config", str(config)])
    assert "nightly-1" in listed.output
    assert "nightly-1" in programs.run(["jobs"], tmp_path).stdout


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([], [4, 3, 2, 1]),
        (["--status", "completed"], [4, 3]),
        (["--provider", "local"], [4, 2]),
        (["--provider", "local", "--status", "Completed"], [4]),
        (["--limit", "2"], [4, 3]),
    ],
)
def test_list_filters(store: Store, jobs: Jobs, filters: list[str], found: list[int]) -> None:
    statuses = ("InProgress", "InProgress", "Completed", "Completed")
    providers = ("openai", "local", "openai", "local")
    for number, status, provider in zip(range(1, 5), statuses, providers, strict=True):
        submitted = utc_now() + timedelta(seconds=number)
        store.add(a_job(number, status=status, provider=provider, submitted=submitted), {})
    listed = json.loads(jobs("list", "--json", *filters).stdout)
    assert [job["id"] for job in listed] == [f"job{number:09d}" for number in found]


def test_list_says_that_it_left_some_out(store: Store, jobs: Jobs) -> None:
    for number in range(3):
        store.add(a_job(number), {})
    assert jobs("list", "--limit", "2").stderr == "Only the newest 2; --limit shows more.\n"
    assert jobs("list", "--limit", "3").stderr == ""


def test_list_refuses_a_status_that_does_not_exist(store: Store, jobs: Jobs) -> None:
    result = jobs("list", "--status", "Running")
    assert result.exit_code == 1
    assert result.stderr.startswith("bedrock-batch: --status 'Running': known are Submitted, InProgress,")


def test_list_before_the_first_start_is_empty(tmp_path: Path) -> None:
    shown = programs.run(["jobs", "list"], tmp_path)
    assert (shown.returncode, shown.stdout) == (0, "No jobs.\n")
    assert not (tmp_path / ".local").exists()


@pytest.mark.parametrize("wanted", ["job000000001", a_job().arn, "nightly-1"])
def test_show_knows_a_job_by_id_arn_and_name(store: Store, jobs: Jobs, wanted: str) -> None:
    store.add(a_job(1), {})
    store.add(a_job(2, name="nightly-10"), {})
    assert json.loads(jobs("show", wanted, "--json").stdout)["id"] == "job000000001"


@pytest.mark.parametrize("command", ["show", "stop", "watch"])
@pytest.mark.parametrize("wanted", ["job000000009", "nightly", "arn:aws:bedrock:eu-west-1:1:x/job000000001"])
def test_unknown_job_is_one_line_and_exit_code_1(store: Store, jobs: Jobs, command: str, wanted: str) -> None:
    store.add(a_job(1), {})
    result = jobs(command, wanted)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"bedrock-batch: there is no job {wanted!r}\n"


def test_a_name_that_two_jobs_have_is_refused_with_their_ids(store: Store, jobs: Jobs) -> None:
    for number in (1, 2):
        store.add(a_job(number, name="nightly"), {})
    result = jobs("show", "nightly")
    assert result.exit_code == 1
    assert "2 jobs are named 'nightly'" in result.stderr
    assert "job000000001" in result.stderr


def test_show_says_everything(store: Store, jobs: Jobs) -> None:
    a_split_job(store)
    store.change("job000000001", utc_now(), waiting="asking S3: no answer from 127.0.0.1:9")
    shown = jobs("show", "job000000001").output
    facts = [re.split(r" {2,}", line.strip()) for line in shown.splitlines() if line]
    for fact in (
        ["Status", "InProgress"],
        ["Waiting", "asking S3: no answer from 127.0.0.1:9"],
        ["Provider", "openai, gpt-5.4-mini for anthropic.claude-3-haiku-20240307-v1:0"],
        ["Records", "20 succeeded, 2 failed, 100 in all"],
        ["Tokens", "700 in, 90 out"],
        ["Input", "s3://in-bucket/records/a/one.jsonl (100 records)"],
        ["Output", "s3://out-bucket/results/job000000001/a/one.jsonl.out"],
        ["Output", "s3://out-bucket/results/job000000001/manifest.json.out"],
        ["Tag", "team=search"],
        ["Report", "dropped inferenceConfig.topK: 3 records, for example REC00000007"],
        ["0", "1-50", "batch_67", "running (in_progress)", "0", "0"],
        ["1", "51-100", "-", "-", "0", "0", "invalid model"],
    ):
        assert fact in facts


def test_show_says_everything_to_scripts(store: Store, jobs: Jobs) -> None:
    a_split_job(store)
    word = {"mapped finish_reason ('eos' read as end_turn)": {"count": 2, "example": "REC00000009"}}
    for number in (0, 1):
        store.change_shard("job000000001", number, notes=word)
    known = json.loads(jobs("show", "job000000001", "--json").stdout)
    assert known["records"] == {"total": 100, "succeeded": 20, "failed": 2}
    assert known["tokens"] == {"input": 700, "output": 90}
    assert known["output"] == {
        "folder": "s3://out-bucket/results/job000000001/",
        "files": ["s3://out-bucket/results/job000000001/a/one.jsonl.out"],
        "manifest": "s3://out-bucket/results/job000000001/manifest.json.out",
    }
    assert known["report"] == {
        "dropped inferenceConfig.topK": {"count": 3, "example": "REC00000007"},
        "mapped finish_reason ('eos' read as end_turn)": {"count": 4, "example": "REC00000009"},
    }
    assert known["tags"] == {"team": "search"}
    assert [shard["refusal"] for shard in known["shards"]] == [None, "invalid model"]
    assert [batch["batch_id"] for batch in known["shards"][0]["batches"]] == ["batch_67"]


def test_show_of_a_failed_job_says_why_and_promises_no_output(store: Store, jobs: Jobs) -> None:
    store.add(a_job(status="Failed", message="no bucket\x1b[2J 'in-bucket'", ended=utc_now()), {})
    shown = jobs("show", "job000000001").output
    assert r"no bucket\x1b[2J 'in-bucket'" in shown
    assert "s3://in-bucket/records/" in shown
    assert "manifest" not in shown
    assert json.loads(jobs("show", "job000000001", "--json").stdout)["output"] is None


def test_people_see_local_times_and_scripts_utc(store: Store, tmp_path: Path) -> None:
    store.add(a_job(submitted=datetime(2026, 1, 2, 3, 4, 5, 678000)), {})
    arguments = ["jobs", "show", "job000000001", "--database", store.url]
    people = programs.run(arguments, tmp_path, {"TZ": "Asia/Tokyo"}).stdout
    scripts = programs.run([*arguments, "--json"], tmp_path, {"TZ": "Asia/Tokyo"}).stdout
    assert "2026-01-02 12:04:05 JST" in people
    assert json.loads(scripts)["submitted"] == "2026-01-02T03:04:05.678Z"


def test_stop_asks_for_the_end(store: Store, jobs: Jobs) -> None:
    store.add(a_job(), {})
    result = jobs("stop", "nightly-1")
    assert result.exit_code == 0
    assert result.output.startswith("job000000001 is Stopping (was InProgress)")
    job = store.job("job000000001")
    assert job is not None
    assert (job.status, job.stop_requested) == ("Stopping", True)
    again = json.loads(jobs("stop", "nightly-1", "--json").stdout)
    assert (again["status"], again["before"]) == ("Stopping", "Stopping")


def test_stop_of_a_finished_job_is_refused(store: Store, jobs: Jobs) -> None:
    store.add(a_job(status="Completed"), {})
    result = jobs("stop", "nightly-1")
    assert result.exit_code == 1
    assert result.stderr == "bedrock-batch: job job000000001 cannot be stopped. State was: Completed\n"


def end(store: Store, status: JobStatus, message: str | None = None) -> None:
    store.change("job000000001", utc_now(), succeeded=38, failed=2)
    store.end("job000000001", status, utc_now(), message)


def test_watch_in_a_pipe_prints_a_line_for_each_change(
    store: Store, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: Iterator[Callable[[], None]] = iter([lambda: None, lambda: end(store, "Completed")])
    monkeypatch.setattr(watching, "time", SimpleNamespace(sleep=lambda seconds: next(changes)()))
    store.add(a_job(total=40, succeeded=10), {})
    result = jobs("watch")
    assert result.exit_code == 0
    assert [line.split(" ", 1)[1] for line in result.output.splitlines()] == [
        "job000000001 nightly-1 InProgress 10/40 (25 %)",
        "job000000001 nightly-1 Completed 40/40 (100 %, 2 failed)",
    ]


def test_watch_for_scripts_prints_json_lines_and_fails_with_the_job(
    store: Store, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail = SimpleNamespace(sleep=lambda seconds: end(store, "Failed", "the bucket is gone"))
    monkeypatch.setattr(watching, "time", fail)
    store.add(a_job(total=40, succeeded=10), {})
    result = jobs("watch", "nightly-1", "--json")
    assert result.exit_code == 1
    first, last = (json.loads(line) for line in result.stdout.splitlines())
    assert first["status"] == "InProgress"
    assert (last["status"], last["message"]) == ("Failed", "the bucket is gone")


def test_watch_on_a_terminal_shows_bars(store: Store, tmp_path: Path) -> None:
    store.add(a_job(total=40, succeeded=10), {})
    with programs.on_terminal(["jobs", "watch", "--database", store.url], tmp_path) as terminal:
        wait_until(lambda: "25 %" in terminal.shown())
        end(store, "Completed")
        assert terminal.process.wait(PATIENCE) == 0
        wait_until(lambda: "40/40 (100 %, 2 failed) Completed" in terminal.shown())
        assert "━" in terminal.shown()


def test_interrupted_watch_says_so_in_its_exit_code(store: Store, tmp_path: Path) -> None:
    store.add(a_job(total=40, succeeded=10), {})
    with programs.on_terminal(["jobs", "watch", "--database", store.url], tmp_path) as terminal:
        wait_until(lambda: "25 %" in terminal.shown())
        terminal.type(CONTROL_C)
        assert terminal.process.wait(PATIENCE) == 130
        assert "Traceback" not in terminal.shown()


def test_watch_of_jobs_that_are_over_ends_at_once(store: Store, jobs: Jobs) -> None:
    store.add(a_job(1, status="Completed"), {})
    store.add(a_job(2, status="Expired"), {})
    assert jobs("watch", "nightly-1").exit_code == 0
    assert jobs("watch", "nightly-1", "nightly-2").exit_code == 1
    assert jobs("watch").output == "No job is running.\n"
    assert jobs("watch", "--json").output == ""


@pytest.mark.parametrize(
    ("database", "wrong"),
    [
        ("jobs.db", "the job database cannot be used: Could not parse SQLAlchemy URL"),
        ("sqlite:////nowhere/jobs.db", "there is no job database /nowhere/jobs.db"),
        ("postgresql+psycopg://user:secret@127.0.0.1:9/jobs", "the job database cannot be used: connection"),
        ("oracle+oracledb://user:secret@127.0.0.1/jobs", "No module named 'oracledb'"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line(database: str, wrong: str) -> None:
    for command in (["list"], ["show", "x"], ["watch"], ["stop", "x"]):
        result = CliRunner().invoke(application, ["jobs", *command, "--database", database])
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(f"bedrock-batch: {wrong}")
        assert result.stderr.count("\n") == 1
        assert "secret" not in result.stderr


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").write_text("these are not the pages of a database " * 100)
    arguments = ["jobs", "list", "--database", f"sqlite:///{tmp_path / 'jobs.db'}"]
    result = CliRunner().invoke(application, arguments)
    assert result.exit_code == 1
    assert result.stderr == "bedrock-batch: the job database cannot be used: file is not a database\n"


def test_a_configuration_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    config = tmp_path / "bedrock-batch.toml"
    config.write_text("[jobs]\nfolders = 1\n")
    result = CliRunner().invoke(application, ["jobs", "list", "--config", str(config)])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"bedrock-batch: {config}: jobs.folders: ")


def test_times_of_a_finished_job_are_all_there(store: Store, jobs: Jobs) -> None:
    store.add(a_job(status="Completed", ended=datetime(2026, 1, 2, 3, 4, 5)), {})
    known = json.loads(jobs("show", "nightly-1", "--json").stdout)
    assert datetime.fromisoformat(known["ended"]) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert "Ended" in jobs("show", "nightly-1").output


def empty_file(path: Path) -> None:
    path.touch()


def other_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE jobs (id INTEGER, title TEXT)")
        database.execute("INSERT INTO jobs VALUES (1, 'theirs')")
        database.commit()


LOOKING = (["list"], ["show", "a-job"], ["watch"], ["stop", "a-job"])


@pytest.mark.parametrize("command", LOOKING, ids=lambda command: command[0])
@pytest.mark.parametrize("made", [empty_file, other_tables])
def test_a_database_of_another_program_is_left_as_it_is(
    tmp_path: Path, made: Callable[[Path], None], command: list[str]
) -> None:
    path = tmp_path / "theirs.db"
    made(path)
    before = path.read_bytes()
    database = ["--database", f"sqlite:///{path}"]
    result = CliRunner().invoke(application, ["jobs", *command, *database])
    assert result.exit_code == 1
    assert f"bedrock-batch: {path} holds no jobs" in result.stderr
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["theirs.db"]


def test_looking_makes_no_file(tmp_path: Path) -> None:
    database = ["--database", f"sqlite:///{tmp_path / 'below' / 'jobs.db'}"]
    for command in LOOKING:
        assert CliRunner().invoke(application, ["jobs", *command, *database]).exit_code == 1
    assert os.listdir(tmp_path) == []
