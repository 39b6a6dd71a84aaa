"""Mistral's batch conversations: what the recorded life-cycles do not show already."""

import io
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from translators.errors import ProviderError
from translators.providers.conversation import (
    SAVE,
    Batch,
    Conversation,
    Endpoint,
    Marker,
    Search,
    Submission,
)
from translators.providers.mistral import batches

ENDPOINT = Endpoint(base_url="http://127.0.0.1:8000", headers={"Authorization": "Bearer test-key"})
SUBMISSION = Submission(
    marker=Marker(job="k3v9x0q2m7ab", shard=3, round=1),
    model="mistral-small-latest",
    group="/v1/chat/completions",
    lines=2,
    input_id="file-1",
)
SEARCH = Search(since=1_787_176_000.5, claimed=frozenset())
OURS = {"id": "ours", "status": "QUEUED", "metadata": {"bedrock_batch": "k3v9x0q2m7ab-3-1"}}


def held[Outcome](
    conversation: Conversation[Outcome], *responses: httpx.Response
) -> tuple[Outcome, list[httpx.Request]]:
    """The outcome of a conversation that gets these responses, and what it asked."""
    asked: list[httpx.Request] = []
    waiting = list(responses)
    try:
        request = next(conversation)
        while True:
            assert request.headers["Authorization"] == "Bearer test-key"
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


def page(*jobs: Mapping[str, Any]) -> httpx.Response:
    return ok({"object": "list", "data": jobs, "total": len(jobs)})


def others(first: int, count: int) -> list[dict[str, Any]]:
    return [{"id": f"job-{number}", "metadata": None} for number in range(first, first + count)]


def find(*responses: httpx.Response) -> tuple[Batch | None, list[Mapping[str, str]]]:
    outcome, asked = held(batches.find(ENDPOINT, SUBMISSION, SEARCH), *responses)
    return outcome, [request.url.params for request in asked]


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


def test_endpoint_and_model_are_the_job_s() -> None:
    request = next(batches.create(ENDPOINT, SUBMISSION, io.BytesIO()))
    body = json.loads(request.content)
    assert (body["endpoint"], body["model"]) == (SUBMISSION.group, SUBMISSION.model)


@pytest.mark.parametrize("batch_id", ["j-1", "j/../1?x=1"])
def test_ids_cannot_leave_their_place_in_the_path(batch_id: str) -> None:
    request = next(batches.retrieve(ENDPOINT, batch_id))
    assert request.url.raw_path.count(b"/") == 4
    assert request.url.query == b""


def test_results_are_saved_under_names_that_are_ours() -> None:
    batch = Batch(id="b", state="ended", raw_status="SUCCESS", result_files=("file-1", "../file-2"))
    saved, asked = held(batches.results(ENDPOINT, batch), httpx.Response(200), httpx.Response(200))
    assert [request.extensions[SAVE] for request in asked] == list(saved)
    assert saved == ("results-0.jsonl", "results-1.jsonl")


@pytest.mark.parametrize("status", ["SUCCESS", "success", "Success"])
def test_status_is_understood_in_any_case(status: str) -> None:
    batch, _ = held(batches.retrieve(ENDPOINT, "b"), ok({"id": "b", "status": status}))
    assert (batch.state, batch.raw_status) == ("ended", status)


def test_numbers_and_files_may_be_absent_or_empty() -> None:
    bare = {"id": "b", "status": "FAILED", "errors": None, "output_file": "", "error_file": None}
    batch, _ = held(batches.retrieve(ENDPOINT, "b"), ok(bare | {"total_requests": None}))
    assert batch == Batch(id="b", state="failed", raw_status="FAILED")


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_refusal_to_cancel_is_no_news_of_a_job_that_is_over(status: int) -> None:
    refusal = httpx.Response(status, json={"message": "No"})
    batch, _ = held(batches.cancel(ENDPOINT, "b"), refusal, ok({"id": "b", "status": "CANCELLED"}))
    assert batch.state == "cancelled"
    still = ok({"id": "b", "status": "RUNNING"})
    assert refused(batches.cancel(ENDPOINT, "b"), refusal, still).status == status


def test_trouble_while_cancelling_is_told_at_once() -> None:
    assert refused(batches.cancel(ENDPOINT, "b"), httpx.Response(503)).passing


def test_lost_job_is_found_by_the_filter() -> None:
    found, asked = find(page(OURS), ok(OURS))
    assert found is not None
    assert found.id == "ours"
    assert dict(asked[0]) == {
        "page": "0",
        "page_size": "100",
        "bedrock_batch": "k3v9x0q2m7ab-3-1",
        "created_after": "2026-08-19T20:46:40.500000Z",
    }


def test_job_of_another_round_is_not_ours() -> None:
    other = OURS | {"metadata": {"bedrock_batch": "k3v9x0q2m7ab-3-0"}}
    odd = {"id": "odd", "metadata": {"bedrock_batch": 7}}
    assert find(page(other, odd), page(other))[0] is None


def test_list_is_walked_page_by_page() -> None:
    found, asked = find(
        page(), page(*others(0, 100)), page(*others(100, 100)), page(*others(200, 3), OURS), ok(OURS)
    )
    assert found is not None
    assert [query.get("page") for query in asked] == ["0", "0", "1", "2", None]
    assert ["bedrock_batch" in query for query in asked] == [True, False, False, False, False]


def test_list_that_repeats_itself_ends() -> None:
    same = [page(*others(0, 100)) for _ in range(4)]
    assert find(*same)[0] is None


def test_list_may_have_no_data_at_all() -> None:
    assert find(ok({"object": "list", "total": 0}), ok({"object": "list", "total": 0}))[0] is None


@pytest.mark.parametrize(
    ("response", "message", "code"),
    [
        (httpx.Response(400, json={"message": "Bad", "code": "1500"}), "Bad", "1500"),
        (httpx.Response(400, json={"message": "Bad", "code": 3230}), "Bad", "3230"),
        (httpx.Response(400, json={"message": "Bad", "code": None}), "Bad", None),
        (httpx.Response(401, json={"detail": "Invalid API Key"}), "Invalid API Key", None),
        (httpx.Response(403, json={"error": {"message": "Bad"}}), "Bad", None),
        (httpx.Response(422, json={"detail": [{"loc": ["body"], "msg": "Bad"}]}), "body: Bad", None),
        (httpx.Response(422, json=["Bad", {}]), "Bad", None),
        (httpx.Response(400, json={"odd": 1}), '{"odd":1}', None),
        (httpx.Response(502, text=" <html>Bad</html> "), "<html>Bad</html>", None),
        (httpx.Response(503), "HTTP 503 Service Unavailable", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusal_is_told_in_the_provider_s_words(
    response: httpx.Response, message: str, code: str | None
) -> None:
    refusal = refused(batches.retrieve(ENDPOINT, "b"), response)
    assert (refusal.status, refusal.message, refusal.code) == (response.status_code, message, code)
