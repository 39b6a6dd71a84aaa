"""Cohere's batch conversations: what the recorded life-cycles do not show already."""

import io
from datetime import UTC, datetime
from typing import Any

import fastavro
import httpx
import pytest

from translators.errors import ProviderError
from translators.providers.cohere import avro, batches
from translators.providers.conversation import (
    LINES,
    SAVE,
    Batch,
    Conversation,
    Endpoint,
    Marker,
    Search,
    Submission,
)

ENDPOINT = Endpoint(base_url="http://127.0.0.1:8000", headers={"Authorization": "Bearer test-key"})
SUBMISSION = Submission(
    marker=Marker(job="k3v9x0q2m7ab", shard=3, round=1),
    model="command-a-03-2025",
    group="batch-chat-v2-input",
    lines=2,
    input_id="ds-1",
)
DONE = Batch(id="b", state="ended", raw_status="BATCH_STATUS_COMPLETED", result_files=("ds-2",))


def held[Outcome](
    conversation: Conversation[Outcome], *responses: httpx.Response
) -> tuple[Outcome, list[httpx.Request]]:
    """The outcome of a conversation that gets these responses, and what it asked."""
    asked: list[httpx.Request] = []
    waiting = list(responses)
    try:
        request = next(conversation)
        while True:
            asked.append(request)
            request = conversation.send(waiting.pop(0))
    except StopIteration as end:
        assert waiting == []
        outcome: Outcome = end.value
        return outcome, asked


def refused(conversation: Conversation[object], *responses: httpx.Response) -> ProviderError:
    with pytest.raises(ProviderError) as refusal:
        held(conversation, *responses)
    return refusal.value


def ok(body: object) -> httpx.Response:
    return httpx.Response(200, json=body)


def dataset(status: str = "validated", **members: Any) -> httpx.Response:
    return ok({"dataset": {"validation_status": status, **members}})


def batch(status: str, **members: Any) -> httpx.Response:
    return ok({"batch": {"id": "b", "status": f"BATCH_STATUS_{status}", **members}})


def test_upload_streams_the_lines_under_the_marker_s_name() -> None:
    lines = b'{"custom_id":"0"}\n'
    request = next(batches.upload(ENDPOINT, SUBMISSION, io.BytesIO(lines)))
    body = request.read()
    assert lines in body
    assert dict(request.url.params) == {"name": "k3v9x0q2m7ab-3-1", "type": "batch-chat-v2-input"}
    assert request.headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("batch_id", ["b-1", "b/../1?x=1"])
def test_ids_cannot_leave_their_place_in_the_path(batch_id: str) -> None:
    request = next(batches.retrieve(ENDPOINT, batch_id))
    assert request.url.raw_path.count(b"/") == 3
    assert request.url.query == b""


@pytest.mark.parametrize("status", ["validated", "skipped"])
def test_batch_is_made_of_a_dataset_that_is_ready(status: str) -> None:
    made, _ = held(batches.create(ENDPOINT, SUBMISSION, io.BytesIO()), dataset(status), batch("QUEUED"))
    assert made.state == "running"


@pytest.mark.parametrize("status", ["unknown", "queued", "processing", "a word to come"])
def test_dataset_that_is_not_ready_is_waited_for(status: str) -> None:
    assert refused(batches.create(ENDPOINT, SUBMISSION, io.BytesIO()), dataset(status)).passing


def test_dataset_that_is_refused_without_a_word() -> None:
    refusal = refused(batches.create(ENDPOINT, SUBMISSION, io.BytesIO()), dataset("failed"))
    assert (refusal.status, refusal.message) == (400, "Cohere refuses the dataset: no reason given")


def test_list_that_repeats_itself_ends() -> None:
    page = {"batches": [{"id": "other", "name": "k3v9x0q2m7ab-3-1", "input_dataset_id": "ds-9"}]}
    again = ok(page | {"next_page_token": "t"})
    search = Search(since=0, claimed=frozenset())
    assert held(batches.find(ENDPOINT, SUBMISSION, search), again, again)[0] is None
    assert held(batches.find(ENDPOINT, SUBMISSION, search), ok({}))[0] is None


def test_output_of_a_batch_that_runs_is_not_read_yet() -> None:
    found, _ = held(batches.retrieve(ENDPOINT, "b"), batch("IN_PROGRESS", output_dataset_id="ds-2"))
    assert found.result_files == ()


def test_trouble_while_cancelling_is_told_at_once() -> None:
    assert refused(batches.cancel(ENDPOINT, "b"), httpx.Response(503)).passing


def test_key_does_not_go_where_results_lie() -> None:
    first, second = "https://storage.example.com/a?s=1", "https://storage.example.com/b?s=2"
    parts: list[dict[str, Any]] = [{"url": second, "index": 1}, {"url": first}]
    names, (_, *asked) = held(
        batches.results(ENDPOINT, DONE),
        dataset(dataset_parts=parts),
        httpx.Response(200),
        httpx.Response(200),
    )
    assert [str(request.url) for request in asked] == [first, second]
    assert all("Authorization" not in request.headers for request in asked)
    assert [request.extensions[SAVE] for request in asked] == list(names)
    assert all(request.extensions[LINES] is avro.lines for request in asked)


def test_dataset_without_parts_has_no_results() -> None:
    assert held(batches.results(ENDPOINT, DONE), dataset())[0] == ()


def test_output_that_is_not_ready_is_waited_for() -> None:
    assert refused(batches.results(ENDPOINT, DONE), dataset("processing")).passing


def avro_file(*records: dict[str, Any], codec: str = "null") -> bytes:
    fields = [
        {"name": "custom_id", "type": "string"},
        {"name": "when", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
        {"name": "data", "type": "bytes"},
    ]
    file = io.BytesIO()
    fastavro.writer(file, {"type": "record", "name": "R", "fields": fields}, records, codec=codec)
    return file.getvalue()


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_records_of_an_avro_file_become_lines_of_json(codec: str) -> None:
    first = {"custom_id": "a\u2028\n", "when": None, "data": b""}
    second = {"custom_id": "b", "when": datetime(2026, 8, 19, tzinfo=UTC), "data": b"\xff"}
    assert list(avro.lines(avro_file(first, second, codec=codec))) == [
        '{"custom_id":"a\u2028\\n","when":null,"data":""}'.encode(),
        b'{"custom_id":"b","when":"2026-08-19T00:00:00Z","data":"/w=="}',
    ]


@pytest.mark.parametrize("cut", [3, 60, -4])
def test_avro_file_that_is_cut_is_trouble(cut: int) -> None:
    whole = avro_file({"custom_id": "a", "when": None, "data": b"x" * 50})
    with pytest.raises(ProviderError, match="cannot be read as Avro") as trouble:
        list(avro.lines(whole[:cut]))
    assert trouble.value.passing


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (httpx.Response(400, json={"message": "Bad"}), "Bad"),
        (httpx.Response(400, json={"odd": 1}), '{"odd":1}'),
        (httpx.Response(502, text=" <html>Bad</html> "), "<html>Bad</html>"),
        (httpx.Response(503), "HTTP 503 Service Unavailable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusal_is_told_in_the_provider_s_words(response: httpx.Response, message: str) -> None:
    refusal = refused(batches.retrieve(ENDPOINT, "b"), response)
    assert (refusal.status, refusal.message) == (response.status_code, message)
