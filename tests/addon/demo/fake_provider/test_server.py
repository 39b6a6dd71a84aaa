"""The provider of the demo and the tests, as OpenAI's own client sees it."""

import json
import random
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any, Literal

import httpx
import openai
import pytest
from openai.types import Batch

from addon.demo.fake_provider.batch import Outcome, Timing
from addon.demo.fake_provider.faults import Cut, Half, Point, Refuse
from addon.demo.fake_provider.input_check import Problem
from addon.demo.fake_provider.server import BatchServer

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as running:
        yield running


@pytest.fixture
def client(server: BatchServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url, api_key=server.key, max_retries=0) as running:
        yield running


def request(number: int, text: str = "Hello", **changes: Any) -> dict[str, Any]:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}
    return {"custom_id": f"r{number}", "method": "POST", "url": ENDPOINT, "body": body} | changes


def asking(**members: Any) -> dict[str, Any]:
    return request(2, body={"messages": [], **members})


def jsonl(*requests: dict[str, Any] | str) -> bytes:
    lines = (line if isinstance(line, str) else json.dumps(line) for line in requests)
    return "".join(f"{line}\n" for line in lines).encode()


def create(client: openai.OpenAI, data: bytes, **arguments: Any) -> Batch:
    file = client.files.create(file=("job.jsonl", data), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint=ENDPOINT, completion_window="24h", **arguments
    )


def rows(client: openai.OpenAI, file_id: str | None) -> list[dict[str, Any]]:
    assert file_id is not None
    return [json.loads(line) for line in client.files.content(file_id).text.splitlines()]


def test_a_batch_lives_from_upload_to_results(server: BatchServer, client: openai.OpenAI) -> None:
    server.timing = Timing(looks=1)
    batch = create(client, jsonl(*(request(n) for n in range(20))), metadata={"job": "j1"})
    assert (batch.status, batch.metadata, batch.output_file_id) == ("validating", {"job": "j1"}, None)
    assert [client.batches.retrieve(batch.id).status for _ in range(3)] == [
        "in_progress",
        "finalizing",
        "completed",
    ]
    batch = client.batches.retrieve(batch.id)
    assert batch.request_counts is not None
    assert batch.request_counts.to_dict() == {"total": 20, "completed": 20, "failed": 0}
    assert batch.error_file_id is None
    answered = [row["custom_id"] for row in rows(client, batch.output_file_id)]
    assert sorted(answered) == sorted(f"r{n}" for n in range(20))
    assert answered != [f"r{n}" for n in range(20)]


def test_counts_move_while_a_batch_runs(server: BatchServer, client: openai.OpenAI) -> None:
    server.timing = Timing(looks=4)
    batch = create(client, jsonl(*(request(n) for n in range(100))))
    counts = [client.batches.retrieve(batch.id).request_counts for _ in range(8)]
    assert [count and count.completed for count in counts] == [0, 0, 0, 0, 25, 50, 75, 100]


def test_a_pace_in_seconds_needs_no_looks(server: BatchServer, client: openai.OpenAI) -> None:
    server.timing = Timing(seconds=3600)
    batch = create(client, jsonl(request(1)))
    assert {client.batches.retrieve(batch.id).status for _ in range(5)} == {"validating"}


def test_failures_go_to_the_error_file(server: BatchServer, client: openai.OpenAI) -> None:
    batch = client.batches.retrieve(create(client, jsonl(request(1), request(2, "please fail"))).id)
    (row,) = rows(client, batch.error_file_id)
    assert (row["custom_id"], row["response"]["status_code"], row["error"]) == ("r2", 400, None)
    assert [row["custom_id"] for row in rows(client, batch.output_file_id)] == ["r1"]


def test_a_batch_whose_every_request_failed_has_no_output_file(client: openai.OpenAI) -> None:
    batch = client.batches.retrieve(create(client, jsonl(request(1, "please fail"))).id)
    assert (batch.status, batch.output_file_id) == ("completed", None)
    assert batch.error_file_id is not None


@pytest.mark.parametrize(
    ("lines", "code", "param", "line"),
    [
        ([request(1), "{"], "invalid_json_line", None, 2),
        ([request(1), request(1)], "duplicate_custom_id", "custom_id", 2),
        ([request(1, url="/v1/embeddings")], "invalid_url", "url", 1),
        ([{"custom_id": "r1"}], "missing_required_parameter", "method", 1),
        ([asking(model="m", stream=True)], "streaming_unsupported", "body.stream", 1),
        ([request(1, body={"messages": []})], "invalid_request", "body.model", 1),
        ([request(1), asking(model="other")], "model_mismatch", "body.model", 2),
    ],
)
def test_one_bad_line_fails_the_whole_batch(
    client: openai.OpenAI, lines: list[dict[str, Any] | str], code: str, param: str | None, line: int
) -> None:
    batch = client.batches.retrieve(create(client, jsonl(*lines)).id)
    assert batch.errors is not None
    assert batch.errors.data is not None
    (error,) = batch.errors.data
    assert (batch.status, error.code, error.param, error.line) == ("failed", code, param, line)
    assert (batch.output_file_id, batch.error_file_id) == (None, None)


def test_a_batch_of_a_file_that_nobody_uploaded_fails(client: openai.OpenAI) -> None:
    batch = client.batches.create(input_file_id="file-none", endpoint=ENDPOINT, completion_window="24h")
    assert client.batches.retrieve(batch.id).status == "failed"


def test_more_requests_than_the_limit_fail_the_batch() -> None:
    with (
        BatchServer(max_requests=1) as server,
        openai.OpenAI(base_url=server.url, api_key=server.key) as client,
    ):
        batch = client.batches.retrieve(create(client, jsonl(request(1), request(2))).id)
    assert batch.status == "failed"


@pytest.mark.parametrize(
    ("asked", "status"), [(["a", "b"], "completed"), (["a", "b", "c"], "failed"), ("a b c", "completed")]
)
def test_every_input_of_an_embedding_counts_as_a_request(asked: object, status: str) -> None:
    url: Literal["/v1/embeddings"] = "/v1/embeddings"
    body = {"model": "text-embedding-3-small", "input": asked}
    with (
        BatchServer(max_requests=2) as server,
        openai.OpenAI(base_url=server.url, api_key=server.key) as client,
    ):
        data = jsonl(request(1, url=url, body=body))
        file = client.files.create(file=("job.jsonl", data), purpose="batch")
        batch = client.batches.create(input_file_id=file.id, endpoint=url, completion_window="24h")
        assert client.batches.retrieve(batch.id).status == status


@pytest.mark.parametrize(
    ("name", "data"), [("job.txt", jsonl(request(1))), ("job.jsonl", b""), ("job.jsonl", b"not json\n")]
)
def test_an_upload_that_is_no_jsonl_is_refused(client: openai.OpenAI, name: str, data: bytes) -> None:
    with pytest.raises(openai.BadRequestError, match="Must be"):
        client.files.create(file=(name, data), purpose="batch")


def test_an_upload_beyond_the_limit_is_refused() -> None:
    with (
        BatchServer(max_bytes=10) as server,
        openai.OpenAI(base_url=server.url, api_key=server.key) as client,
        pytest.raises(openai.BadRequestError, match="too large"),
    ):
        client.files.create(file=("job.jsonl", jsonl(request(1))), purpose="batch")


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"endpoint": "/v1/none"}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"metadata": {"tags": ["a"]}}, "metadata.tags"),
        ({"metadata": {"a": "x" * 513}}, "metadata.a"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata"),
    ],
)
def test_a_creation_that_says_something_wrong_is_refused(
    server: BatchServer, client: openai.OpenAI, changes: dict[str, Any], param: str
) -> None:
    wanted = {"input_file_id": "file-1", "endpoint": ENDPOINT, "completion_window": "24h"} | changes
    with pytest.raises(openai.BadRequestError) as refusal:
        client.post("/batches", cast_to=Batch, body=wanted)
    assert refusal.value.param == param
    assert server.batches == {}


def test_a_creation_without_a_file_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        client.post("/batches", cast_to=Batch, body={"endpoint": ENDPOINT})
    assert refusal.value.code == "missing_required_parameter"


def test_a_wrong_key_is_refused_and_not_repeated(server: BatchServer) -> None:
    with (
        openai.OpenAI(base_url=server.url, api_key="wrong-key-of-mine") as client,
        pytest.raises(openai.AuthenticationError) as refusal,
    ):
        client.files.create(file=("job.jsonl", jsonl(request(1))), purpose="batch")
    assert refusal.value.code == "invalid_api_key"
    assert "wrong-key-of-mine" not in str(refusal.value)
    assert server.files == {}


def test_what_does_not_exist_is_not_found(client: openai.OpenAI) -> None:
    calls: list[Callable[[], object]] = [
        lambda: client.batches.retrieve("batch_1"),
        lambda: client.batches.cancel("batch_1"),
        lambda: client.files.retrieve("file-1"),
        lambda: client.files.content("file-1"),
    ]
    for call in calls:
        with pytest.raises(openai.NotFoundError):
            call()


def test_a_cancelled_batch_keeps_what_was_done(server: BatchServer, client: openai.OpenAI) -> None:
    server.timing = Timing(looks=2)
    batch = create(client, jsonl(*(request(n) for n in range(10))))
    for _ in range(3):
        client.batches.retrieve(batch.id)
    assert client.batches.cancel(batch.id).status == "cancelling"
    assert [client.batches.retrieve(batch.id).status for _ in range(2)] == ["cancelling", "cancelled"]
    batch = client.batches.cancel(batch.id)
    assert batch.request_counts is not None
    assert batch.request_counts.to_dict() == {"total": 10, "completed": 5, "failed": 0}
    assert len(rows(client, batch.output_file_id)) == 5
    assert {row["error"]["code"] for row in rows(client, batch.error_file_id)} == {"batch_cancelled"}


def test_a_batch_cancelled_before_it_began_has_no_files(server: BatchServer, client: openai.OpenAI) -> None:
    server.timing = Timing(looks=1)
    batch = create(client, jsonl(request(1)))
    client.batches.cancel(batch.id)
    batch = client.batches.retrieve(batch.id)
    assert (batch.status, batch.output_file_id, batch.error_file_id) == ("cancelled", None, None)


def test_a_finished_batch_cannot_be_cancelled(client: openai.OpenAI) -> None:
    batch = create(client, jsonl(request(1)))
    client.batches.retrieve(batch.id)
    with pytest.raises(openai.ConflictError, match="status 'completed'"):
        client.batches.cancel(batch.id)


def test_an_expired_batch_says_which_requests_never_ran(server: BatchServer, client: openai.OpenAI) -> None:
    server.outcome = lambda number: Outcome(expires_after=3)
    batch = client.batches.retrieve(create(client, jsonl(*(request(n) for n in range(10)))).id)
    assert batch.status == "expired"
    assert batch.request_counts is not None
    assert batch.request_counts.to_dict() == {"total": 10, "completed": 3, "failed": 0}
    done = {row["custom_id"] for row in rows(client, batch.output_file_id)}
    left = {row["custom_id"] for row in rows(client, batch.error_file_id)}
    assert done.isdisjoint(left)
    assert done | left == {f"r{n}" for n in range(10)}


def test_a_stalled_batch_stays_in_progress(server: BatchServer, client: openai.OpenAI) -> None:
    server.outcome = lambda number: Outcome(stalls_after=1)
    batch = create(client, jsonl(request(1), request(2)))
    for _ in range(3):
        now = client.batches.retrieve(batch.id)
        assert (now.status, now.request_counts and now.request_counts.completed) == ("in_progress", 1)


def test_a_batch_can_be_doomed_to_fail_its_validation(server: BatchServer, client: openai.OpenAI) -> None:
    limit = Problem(code="token_limit_exceeded", message="Enqueued token limit reached for gpt-4o-mini.")
    server.outcome = lambda number: Outcome(problems=(limit,)) if number == 1 else Outcome()
    first, second = (create(client, jsonl(request(1))).id for _ in range(2))
    assert [client.batches.retrieve(id).status for id in (first, second)] == ["failed", "completed"]


def test_lists_are_newest_first_and_paged(client: openai.OpenAI) -> None:
    made = [create(client, jsonl(request(1))).id for _ in range(5)]
    page = client.batches.list(limit=2)
    assert ([batch.id for batch in page.data], page.has_more) == (made[:2:-1], True)
    assert [batch.id for batch in client.batches.list(limit=2)] == made[::-1]
    files = client.files.list(purpose="batch", order="desc", limit=3)
    assert len(files.data) == 3
    with pytest.raises(openai.BadRequestError):
        client.batches.list(limit=101)


def test_every_request_is_remembered_with_its_headers(server: BatchServer, client: openai.OpenAI) -> None:
    create(client, jsonl(request(1)), metadata={"job": "j1"})
    upload, creation = server.seen
    assert (upload.method, upload.path, upload.body) == ("POST", "/v1/files", None)
    assert json.loads(creation.body or b"")["metadata"] == {"job": "j1"}
    assert dict(creation.headers)["Authorization"] == f"Bearer {server.key}"


@pytest.mark.parametrize(
    ("point", "stored"),
    [
        ("upload:before", (0, 0)),
        ("upload:after", (1, 0)),
        ("create:before", (1, 0)),
        ("create:after", (1, 1)),
    ],
)
def test_a_cut_connection_gives_no_answer(
    server: BatchServer, client: openai.OpenAI, point: Point, stored: tuple[int, int]
) -> None:
    def cut(at: Point, count: int) -> None:
        if at == point:
            raise Cut

    server.at = cut
    with pytest.raises(openai.APIConnectionError):
        create(client, jsonl(request(1)))
    assert (len(server.files), len(server.batches)) == stored


def test_half_a_download_is_noticed(server: BatchServer, client: openai.OpenAI) -> None:
    def half(at: Point, count: int) -> None:
        if at == "content:output" and count == 1:
            raise Half

    server.at = half
    batch = client.batches.retrieve(create(client, jsonl(*(request(n) for n in range(50)))).id)
    with pytest.raises((openai.APIConnectionError, httpx.RemoteProtocolError)):
        rows(client, batch.output_file_id)
    assert len(rows(client, batch.output_file_id)) == 50


def test_a_refusal_carries_its_headers(server: BatchServer, client: openai.OpenAI) -> None:
    def refuse(at: Point, count: int) -> None:
        raise Refuse(429, "Slow down.", {"Retry-After": "7"}, code="rate_limit_exceeded")

    server.at = refuse
    with pytest.raises(openai.RateLimitError, match="Slow down") as refusal:
        client.files.create(file=("job.jsonl", jsonl(request(1))), purpose="batch")
    assert refusal.value.response.headers["retry-after"] == "7"
    assert refusal.value.code == "rate_limit_exceeded"


def test_answers_can_be_made_by_the_test(server: BatchServer, client: openai.OpenAI) -> None:
    server.answer = lambda body: (503, {"error": {"message": "no", "type": "server_error"}})
    batch = client.batches.retrieve(create(client, jsonl(request(1))).id)
    (row,) = rows(client, batch.error_file_id)
    assert row["response"]["status_code"] == 503


def test_a_large_upload_keeps_its_bytes(client: openai.OpenAI) -> None:
    data = jsonl(request(1, "x" * 100)) + random.Random(1).randbytes(20_000_000)
    file = client.files.create(file=("job.jsonl", BytesIO(data)), purpose="batch")
    assert file.bytes == len(data)
    assert client.files.content(file.id).content == data
