"""Gemini's batch conversations: what the recorded life-cycles do not show already."""

import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from translators.errors import ProviderError
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
from translators.providers.gemini import batches
from translators.providers.gemini.batches import INLINE_BYTES, INLINE_LINES
from translators.providers.gemini.embeddings import EMBED
from translators.providers.gemini.operations import rows
from translators.providers.gemini.request import GENERATE
from translators.providers.gemini.uploads import PART

ENDPOINT = Endpoint(base_url="http://127.0.0.1:8000/gemini", headers={"x-goog-api-key": "test-key"})
MARKER = Marker(job="k3v9x0q2m7ab", shard=3, round=1)
NOW = 1_787_150_000.0
SEARCH = Search(since=NOW, claimed=frozenset())
UPLOADED = httpx.Response(200, json={"file": {"name": "files/1"}}, headers={"x-goog-upload-status": "final"})


def submission(group: str = GENERATE, lines: int = 2, model: str = "gemini-2.5-flash") -> Submission:
    return Submission(marker=MARKER, model=model, group=group, lines=lines, input_id="files/1")


def held[Outcome](
    conversation: Conversation[Outcome], *responses: httpx.Response
) -> tuple[Outcome, list[httpx.Request]]:
    """The outcome of a conversation that gets these responses, and what it asked."""
    asked: list[httpx.Request] = []
    waiting = list(responses)
    try:
        request = next(conversation)
        while True:
            assert request.headers["x-goog-api-key"] == "test-key"
            assert "test-key" not in str(request.url)
            request.read()
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


def session(place: str = "https://storage.example.com:8443/up?id=1") -> httpx.Response:
    return httpx.Response(200, headers={"x-goog-upload-url": place})


def test_large_file_goes_in_pieces_that_make_the_whole() -> None:
    lines = bytes(range(256)) * (PART // 128) + b"end"
    active = httpx.Response(200, headers={"x-goog-upload-status": "active"})
    name, asked = held(
        batches.upload(ENDPOINT, submission(lines=1000), io.BytesIO(lines)),
        session(),
        active,
        active,
        UPLOADED,
    )
    assert name == "files/1"
    assert b"".join(request.content for request in asked[1:]) == lines
    assert [
        (request.headers["x-goog-upload-command"], request.headers["x-goog-upload-offset"])
        for request in asked[1:]
    ] == [("upload", "0"), ("upload", str(PART)), ("upload, finalize", str(2 * PART))]
    assert [request.headers["content-length"] for request in asked[1:]] == [str(PART), str(PART), "3"]
    assert asked[0].headers["x-goog-upload-header-content-length"] == str(len(lines))


def test_piece_is_the_same_each_time_it_is_sent() -> None:
    conversation = batches.upload(ENDPOINT, submission(lines=1000), io.BytesIO(b"0123456789"))
    next(conversation)
    body = conversation.send(session()).stream
    assert isinstance(body, httpx.SyncByteStream)
    assert [b"".join(body) for _ in range(2)] == [b"0123456789"] * 2


@pytest.mark.parametrize("place", ["https://evil.example.com/up?id=1", "http://127.0.0.1:9/up?id=1"])
def test_upload_and_its_key_go_to_no_host_but_the_provider_s(place: str) -> None:
    _, asked = held(
        batches.upload(ENDPOINT, submission(lines=1000), io.BytesIO(b"{}\n")), session(place), UPLOADED
    )
    assert str(asked[1].url) == "http://127.0.0.1:8000/up?id=1"


@pytest.mark.parametrize(
    ("group", "count", "size", "inside"),
    [
        (GENERATE, INLINE_LINES, INLINE_BYTES, True),
        (GENERATE, INLINE_LINES + 1, 10, False),
        (GENERATE, 1, INLINE_BYTES + 1, False),
        (EMBED, 1, 10, False),
    ],
)
def test_few_small_lines_go_inside_the_request(group: str, count: int, size: int, inside: bool) -> None:
    conversation = batches.upload(ENDPOINT, submission(group, count), io.BytesIO(b"x" * size))
    if inside:
        assert held(conversation) == ("", [])
    else:
        assert held(conversation, session(), UPLOADED)[0] == "files/1"


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-2.5-flash", "/gemini/v1beta/models/gemini-2.5-flash:batchGenerateContent"),
        ("models/gemini-2.5-flash", "/gemini/v1beta/models/gemini-2.5-flash:batchGenerateContent"),
        ("../files/x?y", "/gemini/v1beta/models/..%2Ffiles%2Fx%3Fy:batchGenerateContent"),
    ],
)
def test_model_is_told_in_the_path_and_cannot_leave_it(model: str, path: str) -> None:
    request = next(batches.create(ENDPOINT, submission(model=model), io.BytesIO()))
    assert request.url.raw_path == path.encode()


@pytest.mark.parametrize("name", ["batches/b", "b", "batches/../b?x=1"])
def test_ids_cannot_leave_their_place_in_the_path(name: str) -> None:
    request = next(batches.retrieve(ENDPOINT, name))
    assert request.url.raw_path.count(b"/") == 4
    assert request.url.query == b""


def test_answers_inside_a_batch_are_saved_as_rows() -> None:
    batch = Batch(id="batches/b", state="ended", raw_status="", result_files=("batches/b",))
    request = next(batches.results(ENDPOINT, batch))
    assert request.extensions[SAVE] == "results-0.jsonl"
    body = {
        "metadata": {
            "output": {
                "inlinedResponses": {
                    "inlinedResponses": [
                        {"metadata": {"key": "é"}, "response": {"candidates": [{"text": "a\nb"}]}},
                        {"metadata": {"key": "2"}, "error": {"code": 3}},
                        {"metadata": {"key": "3"}},
                        {"response": {}},
                    ]
                }
            }
        }
    }
    lines = list(request.extensions[LINES](json.dumps(body, indent=2).encode()))
    assert all(b"\n" not in line for line in lines)
    assert [json.loads(line) for line in lines] == [
        {"key": "é", "response": {"candidates": [{"text": "a\nb"}]}},
        {"key": "2", "error": {"code": 3}},
        {"key": "3", "error": None},
        {"key": None, "response": {}},
    ]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"metadata": {"output": {"inlinedResponses": []}}}', b"[" * 9999]
)
def test_batch_without_readable_answers_inside_is_the_provider_s_fault(body: bytes) -> None:
    with pytest.raises(ProviderError) as refusal:
        list(rows(body))
    assert refusal.value.status == 502


def listed(number: int, **members: object) -> dict[str, Any]:
    created = datetime.fromtimestamp(NOW + 10 - number, UTC).isoformat()
    return {"name": f"batches/{number}", "metadata": {"displayName": "x", "createTime": created} | members}


def page(*operations: Mapping[str, Any], token: str | None = None) -> httpx.Response:
    more = {"nextPageToken": token} if token is not None else {}
    return httpx.Response(200, json={"operations": operations, **more})


@pytest.mark.parametrize(
    ("first_page", "pages"),
    [
        ([listed(1), listed(2)], 2),
        ([listed(1), listed(5_000)], 1),
        ([listed(5_000), listed(1)], 2),
        ([listed(1), listed(2, createTime=None)], 2),
        ([listed(1, createTime=None), listed(5_000)], 2),
        ([], 2),
    ],
    ids=["all young", "from new to old", "from old to new", "without times", "without first time", "empty"],
)
def test_list_is_walked_until_nothing_younger_can_follow(
    first_page: Sequence[Mapping[str, Any]], pages: int
) -> None:
    following = [page()] if pages == 2 else []
    found, asked = held(
        batches.find(ENDPOINT, submission(), SEARCH), page(*first_page, token="t"), *following
    )
    assert found is None
    assert len(asked) == pages


def test_list_that_repeats_itself_ends() -> None:
    same = [page(listed(1), token="t") for _ in range(2)]
    found, asked = held(batches.find(ENDPOINT, submission(), SEARCH), *same)
    assert found is None
    assert [request.url.query for request in asked] == [b"pageSize=100", b"pageSize=100&pageToken=t"]


def test_other_batches_in_the_list_do_not_disturb() -> None:
    odd = listed(1, displayName=7, batchStats="odd", state=[])
    ours = listed(2, displayName=str(MARKER))
    answer = httpx.Response(200, json={"name": "batches/2", "metadata": {"state": "BATCH_STATE_RUNNING"}})
    found, _ = held(batches.find(ENDPOINT, submission(), SEARCH), page(odd, {"name": "n"}, ours), answer)
    assert found is not None
    assert found.id == "batches/2"


@pytest.mark.parametrize("date", [None, "soon", "Wed, 19 Aug 2026 14:40:33", "Wed, 19 Aug 2026 16:00:00 GMT"])
def test_results_that_are_missing_are_not_waited_for_without_a_reason(date: str | None) -> None:
    metadata = {"state": "BATCH_STATE_SUCCEEDED", "endTime": "2026-08-19T14:40:30Z"}
    headers = {"date": date} if date is not None else {}
    answer = httpx.Response(200, json={"name": "batches/b", "metadata": metadata}, headers=headers)
    batch, _ = held(batches.retrieve(ENDPOINT, "batches/b"), answer)
    assert batch.state == "ended"


def test_results_of_a_batch_that_is_gone_are_gone() -> None:
    batch = Batch(id="batches/b", state="ended", raw_status="", result_files=("files/b",))
    gone = httpx.Response(404, json={"error": {"code": 404, "message": "Gone.", "status": "NOT_FOUND"}})
    refusal = refused(batches.results(ENDPOINT, batch), gone, gone)
    assert (refusal.status, refusal.message, refusal.passing) == (404, "Gone.", False)


@pytest.mark.parametrize(
    ("response", "message", "code", "retry_after"),
    [
        (httpx.Response(503, text=" <html>Bad</html> "), "<html>Bad</html>", None, None),
        (httpx.Response(503), "HTTP 503 Service Unavailable", None, None),
        (httpx.Response(400, json=[]), "[]", None, None),
        (httpx.Response(400, json={"error": "Bad"}), "Bad", None, None),
        (httpx.Response(400, json={"error": {"message": "Bad", "status": "S"}}), "Bad", "S", None),
        (
            httpx.Response(429, json={"error": {"message": "m", "details": [{"retryDelay": "1.5s"}]}}),
            "m",
            None,
            1.5,
        ),
        (
            httpx.Response(429, json={"error": {"message": "m", "details": [{"retryDelay": "soon"}]}}),
            "m",
            None,
            None,
        ),
        (
            httpx.Response(429, json={"error": {"message": "m", "details": [{"retryDelay": 5}]}}),
            "m",
            None,
            None,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusal_is_told_in_the_provider_s_words(
    response: httpx.Response, message: str, code: str | None, retry_after: float | None
) -> None:
    refusal = refused(batches.retrieve(ENDPOINT, "b"), response)
    assert (refusal.status, refusal.message) == (response.status_code, message)
    assert (refusal.code, refusal.retry_after) == (code, retry_after)
