"""Records of jobs on both sides, in pages and in groups: real S3, a provider on a real socket."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from addon.demo.fake_provider.server import BatchServer
from addon.jobs.records.documents import Document, NoSuchRecord, RecordDocuments
from addon.jobs.records.reader import RecordReader, record_reader
from addon.jobs.runner import Runner
from addon.jobs.spool import Spool
from tests.addon.jobs.job_setup import CONVERSE, JOB, Setup, is_over, put, run

ROLE = "arn:aws:iam::123456789012:role/r"


def body(text: str, **members: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"text": text}]}], **members}


def mixed(total: int) -> list[dict[str, Any]]:
    """Bodies of which each fifth fails at the provider, and each seventh cannot be sent."""
    bodies = [body(f"Question {number}?") for number in range(total)]
    for number in range(0, total, 5):
        bodies[number] = body(f"{number}: please fail")
    for number in range(3, total, 7):
        bodies[number] = body(f"Question {number}?", guardrailConfig=number)
    return bodies


async def ended(setup: Setup, **values: Any) -> None:
    """Run the job to its very end, its files cleared."""
    async with setup.open() as runner:
        await to_the_end(setup, runner, **values)


async def to_the_end(setup: Setup, runner: Runner, **values: Any) -> None:
    setup.add(**values)
    await runner.submit(JOB)
    await setup.until(is_over)
    while Spool(setup.config.spool / JOB).input(0).exists():  # noqa: ASYNC110
        await anyio.sleep(0.02)


def decoded(document: Document) -> Any:
    assert document.content is not None, document.missing
    return json.loads(document.content)


def check(found: RecordDocuments, number: int, key: str, outcome: str) -> None:
    assert (found.job_id, found.number, found.outcome) == (JOB, number, outcome)
    assert found.record_id == key
    assert found.custom_ids == (f"{JOB}-{number - 1}",)


async def test_a_record_is_shown_on_both_sides(setup: Setup, bucket: Any) -> None:
    put(bucket, "in/a.jsonl", [body("One?"), body("please fail")])
    put(bucket, "in/b.jsonl", [body("Two?", inferenceConfig={"topK": 3})])
    await ended(setup)
    async with record_reader(setup.config, setup.store) as reader:
        for wanted in ("2", "#2", "in/a.jsonl-1", f"{JOB}-1"):
            found = await reader.documents(JOB, wanted)
            check(found, 2, "in/a.jsonl-1", "failed")
            assert found.error is not None
            assert found.error[0] == 400
            assert "asked to fail" in found.error[1]
        assert decoded(found.input)["modelInput"] == body("please fail")
        assert found.input.place == "s3://a-bucket/in/a.jsonl, line 2"
        assert decoded(found.sent)["custom_id"] == f"{JOB}-1"
        assert found.sent.place == "translated again"
        received = decoded(found.received)
        assert (received["custom_id"], received["response"]["status_code"]) == (f"{JOB}-1", 400)
        assert found.received.place.startswith("batch batch_")
        assert decoded(found.output)["error"]["errorCode"] == 400
        assert found.output.place == f"s3://a-bucket/out/{JOB}/a.jsonl.out, line 2"
        third = await reader.documents(JOB, "3")
        check(third, 3, "in/b.jsonl-0", "succeeded")
        assert third.error is None
        assert third.output.place == f"s3://a-bucket/out/{JOB}/b.jsonl.out, line 1"
        assert decoded(third.output)["recordId"] == "in/b.jsonl-0"


async def test_what_is_no_record_is_said_with_how_many_there_are(setup: Setup, bucket: Any) -> None:
    put(bucket, "in/a.jsonl", [CONVERSE] * 3)
    await ended(setup)
    async with record_reader(setup.config, setup.store) as reader:
        for wanted in (
            "0",
            "4",
            "#4",
            "99999999999",
            "x",
            "",
            "in/a.jsonl-3",
            f"{JOB}-3",
            "REC00000001",
            "\x1b[2J",
        ):
            with pytest.raises(NoSuchRecord, match="which has 3"):
                await reader.documents(JOB, wanted)
        with pytest.raises(NoSuchRecord, match="there is no job"):
            await reader.documents("nosuchjob123", "1")


async def test_what_is_gone_is_said_in_its_place(setup: Setup, bucket: Any, provider: BatchServer) -> None:
    put(bucket, "in/a.jsonl", [body("One?"), body("please fail")])
    async with setup.open() as runner:
        await to_the_end(setup, runner)
        while provider.files:  # noqa: ASYNC110
            await anyio.sleep(0.02)
    async with record_reader(setup.config, setup.store) as reader:
        assert (await reader.documents(JOB, "2")).received.content is not None
        shutil.rmtree(setup.config.spool)
        found = await reader.documents(JOB, "2")
        assert found.received.content is None
        assert "gone: deleted at openai after publication; [jobs] keep_provider_files" in str(
            found.received.missing
        )
        check(found, 2, "in/a.jsonl-1", "failed")
        bucket.Object(f"out/{JOB}/a.jsonl.out").delete()
        found = await reader.documents(JOB, "2")
        assert found.output.content is None
        assert "there is no such" in str(found.output.missing) or "NoSuchKey" in str(found.output.missing)
        assert (found.outcome, found.input.content is not None) == ("unknown", True)
        bucket.Object("in/a.jsonl").delete()
        found = await reader.documents(JOB, "2")
        assert (found.number, found.outcome, found.record_id) == (2, "unknown", "")
        assert "NoSuchKey" in str(found.input.missing)
        assert all(not one.content for one in (found.input, found.sent, found.received, found.output))
        with pytest.raises(NoSuchRecord, match="cannot be read"):
            await reader.documents(JOB, "in/a.jsonl-1")
        assert [line.number for line in await reader.page(JOB, 1, 10)] == [1, 2]


async def test_the_providers_row_is_fetched_again_while_it_keeps_it(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    jobs = {"keep_provider_files": True, "keep_results_hours": 0}
    setup = Setup(tmp_path / "data", s3_url, provider, jobs=jobs)
    put(bucket, "in/a.jsonl", [body("One?"), body("please fail")])
    await ended(setup)
    assert not (setup.config.spool / JOB).exists()
    async with record_reader(setup.config, setup.store) as reader:
        found = await reader.documents(JOB, "2")
        assert decoded(found.received)["custom_id"] == f"{JOB}-1"
        assert found.received.place.endswith("at openai")
        assert not (setup.config.spool / JOB).exists()
        provider.key = "another"
        found = await reader.documents(JOB, "2")
        assert "openai answered 401" in str(found.received.missing)
    provider.__exit__(None, None, None)
    try:
        async with record_reader(setup.config, setup.store) as reader:
            assert "cannot be reached" in str((await reader.documents(JOB, "1")).received.missing)
    finally:
        provider.__enter__()


async def test_direct_answers_come_from_the_database(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    setup = Setup(tmp_path / "data", s3_url, provider, mode="direct")
    put(bucket, "in/a.jsonl", [body(f"{n}?") for n in range(120)] + [body("please fail")])
    await ended(setup)
    assert not (setup.config.spool / JOB).exists()
    async with record_reader(setup.config, setup.store) as reader:
        found = await reader.documents(JOB, "12")
        check(found, 12, "in/a.jsonl-11", "succeeded")
        assert "11?" in json.dumps(decoded(found.received))
        assert "database" in found.received.place
        assert (await reader.documents(JOB, "121")).outcome == "failed"


@pytest.mark.parametrize("most", [10, 1000])
async def test_pages_agree_with_the_output(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer, most: int
) -> None:
    setup = Setup(tmp_path / "data", s3_url, provider, max_requests_per_batch=most)
    put(bucket, "in/a.jsonl", mixed(23))
    put(bucket, "in/b.jsonl", mixed(30))
    await ended(setup)
    rows = [
        json.loads(line)
        for name in "ab"
        for line in bucket.Object(f"out/{JOB}/{name}.jsonl.out").get()["Body"].read().splitlines()
    ]
    expected = [
        (
            number,
            row["recordId"],
            "failed" if "error" in row else "succeeded",
            (row["error"]["errorCode"], row["error"]["errorMessage"]) if "error" in row else None,
        )
        for number, row in enumerate(rows, 1)
    ]
    failed = [line for line in expected if line[2] == "failed"]
    assert len(failed) > 10
    async with record_reader(setup.config, setup.store) as reader:
        assert await reader.page(JOB, 1, 100) == expected
        assert await reader.page(JOB, 1, 100, "failed") == failed
        assert await reader.page(JOB, 21, 7) == expected[20:27]
        assert await reader.page(JOB, 21, 4, "failed") == [line for line in failed if line[0] >= 21][:4]
        assert await reader.page(JOB, 54, 4) == []
        groups = await reader.errors(JOB)
        assert sum(group.count for group in groups) == len(failed) == setup.job().failed
        assert [group.count for group in groups] == sorted((group.count for group in groups), reverse=True)
        for group in groups:
            found = await reader.documents(JOB, f"#{group.number}")
            assert (found.record_id, found.error) == (group.record_id, (group.code, group.message))


async def test_records_without_rows_are_found_by_what_has_one(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    """A job that was stopped: some records have no output row."""
    put(bucket, "in/a.jsonl", [body(f"{n}?") for n in range(9)])
    await ended(setup)
    output = bucket.Object(f"out/{JOB}/a.jsonl.out")
    lines = output.get()["Body"].read().splitlines(keepends=True)
    output.put(Body=b"".join(lines[1:4] + lines[6:]))
    setup.store.change_shard(JOB, 0, left_out=3, succeeded=6)
    async with record_reader(setup.config, setup.store) as reader:
        page = await reader.page(JOB, 1, 100)
        missing = [line.number for line in page if line.outcome == "not processed"]
        assert missing == [1, 5, 6]
        assert await reader.page(JOB, 4, 2) == page[3:5]
        found = await reader.documents(JOB, "5")
        assert (found.outcome, found.output.content) == ("not processed", None)
        assert "it has no row" in str(found.output.missing)
        found = await reader.documents(JOB, "7")
        check(found, 7, "in/a.jsonl-6", "succeeded")


async def test_a_running_job_shows_what_there_is(
    setup: Setup, bucket: Any, provider: BatchServer, until_released: Callable[[BatchServer], None]
) -> None:
    put(bucket, "in/a.jsonl", [body("One?"), body("Two?")])
    until_released(provider)
    async with setup.open() as runner:
        setup.add()
        async with record_reader(setup.config, setup.store) as reader:
            with pytest.raises(NoSuchRecord, match="not read yet"):
                await reader.documents(JOB, "1")
            assert await reader.page(JOB, 1, 5) == []
            await runner.submit(JOB)
            await setup.until(lambda job: job.status == "InProgress")
            found = await reader.documents(JOB, "2")
            check(found, 2, "in/a.jsonl-1", "running")
            assert decoded(found.sent)["custom_id"] == f"{JOB}-1"
            assert "is running at openai" in str(found.received.missing)
            assert "when the provider has answered" in str(found.output.missing)
            assert [line.outcome for line in await reader.page(JOB, 1, 5)] == ["running"] * 2
            assert await reader.page(JOB, 1, 5, "failed") == []


@pytest.fixture
def until_released() -> Callable[[BatchServer], None]:
    from addon.demo.fake_provider.batch import Outcome

    def stall(provider: BatchServer) -> None:
        provider.outcome = lambda request: Outcome(stalls_after=1)

    return stall


async def test_a_job_that_was_refused_tells_why(setup: Setup, bucket: Any, provider: BatchServer) -> None:
    put(bucket, "in/a.jsonl", [body("One?"), body("Two?")])
    provider.key = "another"
    await run(setup)
    async with record_reader(setup.config, setup.store) as reader:
        ((code, _, message, count, number, _),) = await reader.errors(JOB)
        assert (code, count, number) == (401, 2, 1)
        page = await reader.page(JOB, 1, 5, "failed")
        assert [line.error for line in page] == [(401, message)] * 2
        found = await reader.documents(JOB, "1")
        assert (found.outcome, found.error) == ("failed", (401, message))
        assert "openai refused" in str(found.received.missing)
        assert "the job failed" in str(found.output.missing)


async def test_notes_are_of_both_directions(setup: Setup, bucket: Any) -> None:
    noted = body("One?", additionalModelRequestFields={"top_k": 3})
    put(bucket, "in/a.jsonl", [noted])
    await ended(setup)
    async with record_reader(setup.config, setup.store) as reader:
        found = await reader.documents(JOB, "1")
        assert set(setup.job().report) <= set(found.notes)
        assert found.notes


async def test_lines_that_are_odd_are_found(setup: Setup, bucket: Any) -> None:
    records = [
        {"recordId": 'a "quoted" id', "modelInput": body("1")},
        {"modelInput": body("2")},
        {"recordId": "grüße / 北京", "modelInput": body("3")},
        {"recordId": "x" * 5000, "modelInput": body("4")},
        {"recordId": "7", "modelInput": body("5")},
    ]
    lines = [json.dumps(record) for record in records]
    bucket.put_object(Key="in/a.jsonl", Body=("\ufeff\r\n\n" + "\n \n".join(lines)).encode())
    await ended(setup)
    async with record_reader(setup.config, setup.store) as reader:
        for number, record in enumerate(records, 1):
            record_id = str(record.get("recordId", f"REC{number:08d}"))
            found = await reader.documents(JOB, record_id)
            check(found, number, record_id, "succeeded")
            assert decoded(found.input)["modelInput"] == record["modelInput"]


def test_a_reader_is_built_of_resources() -> None:
    assert RecordReader.__init__.__annotations__.keys() == {"resources", "return"}
