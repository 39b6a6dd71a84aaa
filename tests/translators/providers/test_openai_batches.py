"""OpenAI's batch conversations: what the recorded life-cycles do not show already."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest

from translators.errors import ProviderError
from translators.providers import uploaded_files as batches
from translators.providers.conversation import (
    SAVE,
    Batch,
    Conversation,
    Endpoint,
    Marker,
    Search,
    Submission,
)

ENDPOINT = Endpoint(base_url="http://127.0.0.1:8000/v1", headers={"Authorization": "Bearer test-key"})
SUBMISSION = Submission(
    marker=Marker(job="k3v9x0q2m7ab", shard=3, round=1),
    model="gpt-4o-mini",
    group="/v1/chat/completions",
    lines=2,
    input_id="file-1",
)
NOW = 1_787_176_000.0
SEARCH = Search(since=NOW, claimed=frozenset())
OURS = {"metadata": {"bedrock_batch": "k3v9x0q2m7ab-3-1"}}


def held[Outcome](
    conversation: Conversation[Outcome], *responses: httpx.Response
) -> tuple[Outcome, list[str]]:
    """The outcome of a conversation that gets these responses, and what it asked."""
    asked: list[str] = []
    waiting = list(responses)
    try:
        request = next(conversation)
        while True:
            assert request.headers["Authorization"] == "Bearer test-key"
            asked.append(f"{request.method} {str(request.url).removeprefix(ENDPOINT.base_url)}")
            request = conversation.send(waiting.pop(0))
    except StopIteration as end:
        assert waiting == []
        outcome: Outcome = end.value
        return outcome, asked


def refused(conversation: Conversation[object], response: httpx.Response) -> ProviderError:
    with pytest.raises(ProviderError) as refusal:
        held(conversation, response)
    return refusal.value


def ok(body: object) -> httpx.Response:
    return httpx.Response(200, json=body)


def listed(number: int, **members: object) -> dict[str, Any]:
    return {"id": f"batch_{number}", "status": "completed", "created_at": NOW + 10 - number} | members


def page(*batches_: Mapping[str, Any], has_more: bool = False) -> httpx.Response:
    return ok({"object": "list", "data": batches_, "has_more": has_more})


def find(*responses: httpx.Response) -> tuple[Batch | None, list[str]]:
    return held(batches.find(ENDPOINT, SUBMISSION, SEARCH), *responses)


def test_upload_streams_the_lines_under_the_marker_s_name() -> None:
    lines = b'{"custom_id":"0"}\n{"custom_id":"1"}\n'
    request = next(batches.upload(ENDPOINT, SUBMISSION, io.BytesIO(lines)))
    body = request.read()
    assert lines in body
    assert b'filename="k3v9x0q2m7ab-3-1.jsonl"' in body
    assert request.headers["Content-Length"] == str(len(body))


def test_same_upload_is_the_same_bytes() -> None:
    first, second = (next(batches.upload(ENDPOINT, SUBMISSION, io.BytesIO(b"{}\n"))) for _ in range(2))
    assert (first.headers, first.read()) == (second.headers, second.read())


@pytest.mark.parametrize("batch_id", ["batch_1", "batch/../1?x=1"])
def test_ids_cannot_leave_their_place_in_the_path(batch_id: str) -> None:
    request = next(batches.retrieve(ENDPOINT, batch_id))
    assert request.url.raw_path.count(b"/") == 3
    assert request.url.query == b""


def test_results_are_saved_under_names_that_are_ours() -> None:
    batch = Batch(id="b", state="ended", raw_status="completed", result_files=("file-1", "../file-2"))
    conversation = batches.results(ENDPOINT, batch)
    first = next(conversation)
    second = conversation.send(httpx.Response(200))
    assert [request.extensions[SAVE] for request in (first, second)] == ["results-0.jsonl", "results-1.jsonl"]
    with pytest.raises(StopIteration) as end:
        conversation.send(httpx.Response(200))
    assert end.value.value == ("results-0.jsonl", "results-1.jsonl")


def test_result_file_that_is_gone_is_told() -> None:
    batch = Batch(id="b", state="ended", raw_status="completed", result_files=("file-1",))
    gone = httpx.Response(404, json={"error": {"message": "No such File object: file-1"}})
    assert refused(batches.results(ENDPOINT, batch), gone).message == "No such File object: file-1"


@pytest.mark.parametrize("status", ["COMPLETED", "Completed", "completed"])
def test_status_is_understood_in_any_case(status: str) -> None:
    batch, _ = held(batches.retrieve(ENDPOINT, "b"), ok({"id": "b", "status": status}))
    assert (batch.state, batch.raw_status) == ("ended", status)


@pytest.mark.parametrize(
    ("errors", "told", "code"),
    [
        (None, (), None),
        ({"object": "list", "data": None}, (), None),
        ([{"message": "Bad"}], ("Bad",), None),
        ({"data": [{"code": "empty_file"}]}, ("no reason given (empty_file)",), "empty_file"),
        ({"data": [{}, {"code": "x", "line": 7}]}, ("no reason given", "line 7: no reason given (x)"), "x"),
    ],
)
def test_why_a_batch_failed_is_told(errors: object, told: tuple[str, ...], code: str | None) -> None:
    batch, _ = held(batches.retrieve(ENDPOINT, "b"), ok({"id": "b", "status": "failed", "errors": errors}))
    assert (batch.errors, batch.code) == (told, code)


def test_other_batches_in_the_list_do_not_disturb() -> None:
    odd = listed(1, metadata={"bedrock_batch": 7, "tags": ["a"]}, errors="odd", request_counts=5)
    found, asked = find(page(odd, listed(2, **OURS)), ok({"id": "batch_2", "status": "in_progress"}))
    assert found is not None
    assert found.state == "running"
    assert asked == ["GET /batches?limit=100", "GET /batches/batch_2"]


def test_batch_of_our_input_that_bears_another_marker_is_not_ours() -> None:
    other = listed(1, input_file_id="file-1", metadata={"bedrock_batch": "k3v9x0q2m7ab-3-0"})
    assert find(page(other)) == (None, ["GET /batches?limit=100"])


@pytest.mark.parametrize(
    ("first_page", "pages"),
    [
        ([listed(1), listed(2)], 2),
        ([listed(1), listed(5_000)], 1),
        ([listed(5_000), listed(1)], 2),
        ([listed(1), listed(2, created_at=None)], 2),
        ([], 1),
    ],
    ids=["all young", "from new to old", "from old to new", "without times", "empty"],
)
def test_list_is_walked_until_nothing_younger_can_follow(
    first_page: Sequence[Mapping[str, Any]], pages: int
) -> None:
    following = [page()] if pages == 2 else []
    found, asked = find(page(*first_page, has_more=True), *following)
    assert found is None
    assert len(asked) == pages


def test_list_that_repeats_itself_ends() -> None:
    same = [page(listed(1), has_more=True) for _ in range(2)]
    assert find(*same) == (None, ["GET /batches?limit=100", "GET /batches?limit=100&after=batch_1"])


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1", "retry-after-ms": "0"}, 1.0),
        ({"retry-after": "1", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:28:30 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
    ],
    ids=str,
)
def test_wait_that_is_asked_for(headers: Mapping[str, str], seconds: float | None) -> None:
    response = httpx.Response(429, headers=headers, json={"error": {"message": "Slow down"}})
    assert refused(batches.retrieve(ENDPOINT, "b"), response).retry_after == seconds


@pytest.mark.parametrize(
    ("response", "message", "code"),
    [
        (httpx.Response(400, json={"error": {"message": "Bad", "code": "x"}}), "Bad", "x"),
        (httpx.Response(400, json={"error": {"message": "Bad", "code": None}}), "Bad", None),
        (httpx.Response(400, json={"error": "Bad"}), "Bad", None),
        (httpx.Response(400, json={"message": "Bad"}), "Bad", None),
        (httpx.Response(422, json={"detail": ["Bad"]}), "Bad", None),
        (httpx.Response(502, text=" <html>Bad</html> "), "<html>Bad</html>", None),
        (httpx.Response(503), "HTTP 503 Service Unavailable", None),
        (httpx.Response(302, headers={"location": "/login"}), "HTTP 302 Found", None),
        (httpx.Response(599), "HTTP 599", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusal_is_told_in_the_provider_s_words(
    response: httpx.Response, message: str, code: str | None
) -> None:
    refusal = refused(batches.retrieve(ENDPOINT, "b"), response)
    assert (refusal.status, refusal.message, refusal.code) == (response.status_code, message, code)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "the provider's answer cannot be read: id Field required"),
        ({"id": "b"}, "the provider's answer cannot be read: status Field required"),
        ([], "the provider's answer cannot be read: Input should be an object"),
    ],
)
def test_success_that_is_no_batch_is_the_provider_s_fault(body: object, message: str) -> None:
    refusal = refused(batches.create(ENDPOINT, SUBMISSION, io.BytesIO()), ok(body))
    assert (refusal.status, refusal.message) == (502, message)
