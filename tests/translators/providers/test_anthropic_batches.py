"""Anthropic's batch conversations: what the recorded life-cycles do not show already."""

import io
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from translators.errors import ProviderError
from translators.providers.anthropic import batches
from translators.providers.anthropic.request import ENVELOPE, MOST_BYTES
from translators.providers.conversation import (
    SAVE,
    Batch,
    Conversation,
    Endpoint,
    Marker,
    Search,
    Submission,
)
from translators.providers.registry import PROVIDERS

ENDPOINT = Endpoint(base_url="http://127.0.0.1:8000", headers={"x-api-key": "test-key"})
SUBMISSION = Submission(
    marker=Marker(job="k3v9x0q2m7ab", shard=3, round=1), model="claude-haiku-4-5", group="", lines=2
)
SINCE = 1_788_457_800.0
"""2026-09-03T17:50:00Z"""


def held[Outcome](
    conversation: Conversation[Outcome], *responses: httpx.Response
) -> tuple[Outcome, list[str]]:
    """The outcome of a conversation that gets these responses, and what it asked."""
    asked: list[str] = []
    waiting = list(responses)
    try:
        request = next(conversation)
        while True:
            assert request.headers["x-api-key"] == "test-key"
            assert request.headers["anthropic-version"] == "2023-06-01"
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


def listed(name: str, created: str = "17:50:01", size: int = 2, **members: object) -> dict[str, Any]:
    return {
        "id": f"msgbatch_{name}",
        "processing_status": "in_progress",
        "request_counts": {"processing": size - 1, "succeeded": 1},
        "created_at": f"2026-09-03T{created}Z",
    } | members


def page(*found: object, has_more: bool = False) -> httpx.Response:
    return httpx.Response(200, json={"data": found, "has_more": has_more})


def find(*pages: httpx.Response, claimed: str = "") -> tuple[Batch | None, list[str]]:
    search = Search(since=SINCE, claimed=frozenset(filter(None, [claimed])))
    return held(batches.find(ENDPOINT, SUBMISSION, search), *pages)


def test_upload_asks_nothing() -> None:
    assert held(batches.upload(ENDPOINT, SUBMISSION, io.BytesIO(b"{}\n"))) == ("", [])


@pytest.mark.parametrize("lines", [b"", b'{"a":1}\n', b'{"a":1}\n{"b":"\xc3\xbc,"}\n' * 3])
def test_create_sends_the_lines_as_they_are_and_says_how_many_bytes(lines: bytes) -> None:
    request = next(batches.create(ENDPOINT, SUBMISSION, io.BytesIO(lines)))
    bodies = [b"".join(request.stream) for _ in range(2)]  # type: ignore[arg-type]  # it is no async stream
    assert bodies[0] == bodies[1]  # a lost connection may want it again
    assert json.loads(bodies[0]) == {"requests": [json.loads(line) for line in lines.splitlines()]}
    assert request.headers["content-length"] == str(len(bodies[0]))
    assert "transfer-encoding" not in request.headers
    assert "anthropic-beta" not in request.headers


def test_largest_batch_and_what_is_around_it_fit() -> None:
    lines = io.BytesIO(b"{}\n" * 1000)
    request = next(batches.create(ENDPOINT, SUBMISSION, lines))
    assert int(request.headers["content-length"]) <= len(lines.getvalue()) + ENVELOPE
    assert PROVIDERS["anthropic"].max_bytes + ENVELOPE == MOST_BYTES


@pytest.mark.parametrize("batch_id", ["msgbatch_1", "../../models?x=1"])
def test_ids_cannot_leave_their_place_in_the_path(batch_id: str) -> None:
    request = next(batches.retrieve(ENDPOINT, batch_id))
    assert request.url.raw_path.count(b"/") == 4
    assert request.url.query == b""


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ([], None),
        ([listed("size", size=3)], None),
        ([listed("early", "17:44:59")], None),
        ([listed("claimed")], None),
        ([listed("slow-clock", "17:45:01")], "slow-clock"),
        ([listed("late", "17:52:00"), listed("close", "17:50:09"), listed("before", "17:49:00")], "close"),
        ([listed("late", "17:52:00"), listed("before", "17:49:00")], "before"),
    ],
    ids=["none", "size", "time", "claimed", "clock", "closest after", "closest before"],
)
def test_batch_is_found_by_size_and_time(others: list[Any], found: str | None) -> None:
    batch, _ = find(page(*others), claimed="msgbatch_claimed")
    assert (None if batch is None else batch.id) == (None if found is None else f"msgbatch_{found}")


@pytest.mark.parametrize(
    ("last", "pages"), [("17:50:00", 2), ("17:44:00", 1)], ids=["all young", "the last one is older"]
)
def test_list_is_walked_until_nothing_younger_can_follow(last: str, pages: int) -> None:
    first = page(listed("a", size=9), listed("b/c", last, size=9), has_more=True)
    batch, asked = find(first, *[page(listed("ours")) for _ in range(pages - 1)])
    assert (batch is not None) == (pages == 2)
    assert asked[1:] == ["GET /v1/messages/batches?limit=100&after_id=msgbatch_b%2Fc"][: pages - 1]


@pytest.mark.parametrize(
    ("address", "fetched"),
    [
        ("http://127.0.0.1:8000/elsewhere/results", "http://127.0.0.1:8000/elsewhere/results"),
        ("http://127.0.0.1:8001/x", "http://127.0.0.1:8000/v1/messages/batches/msgbatch_1/results"),
        ("https://127.0.0.1:8000/x", "http://127.0.0.1:8000/v1/messages/batches/msgbatch_1/results"),
        ("https://api.anthropic.com/x", "http://127.0.0.1:8000/v1/messages/batches/msgbatch_1/results"),
    ],
)
def test_key_goes_nowhere_but_where_it_belongs(address: str, fetched: str) -> None:
    batch = Batch(id="msgbatch_1", state="ended", raw_status="ended", result_files=(address,))
    request = next(batches.results(ENDPOINT, batch))
    assert str(request.url) == fetched
    assert request.headers["x-api-key"] == "test-key"
    assert request.extensions[SAVE] == "results.jsonl"


@pytest.mark.parametrize(
    ("counts", "cancelled", "state"),
    [
        ({"succeeded": 2}, None, "ended"),
        ({"errored": 2}, None, "ended"),
        ({"succeeded": 2}, "2026-09-03T18:00:00Z", "ended"),
        ({"succeeded": 1, "canceled": 1}, "2026-09-03T18:00:00Z", "cancelled"),
        ({"succeeded": 1, "expired": 1}, None, "expired"),
        ({"canceled": 1, "expired": 1}, "2026-09-03T18:00:00Z", "cancelled"),
        ({"expired": 2}, "2026-09-03T18:00:00Z", "expired"),
    ],
    ids=str,
)
def test_counts_tell_why_a_batch_ended(counts: dict[str, int], cancelled: str | None, state: str) -> None:
    body = listed(
        "1",
        processing_status="ended",
        request_counts=counts,
        cancel_initiated_at=cancelled,
        results_url="http://127.0.0.1:8000/r",
    )
    batch, _ = held(batches.retrieve(ENDPOINT, "1"), httpx.Response(200, json=body))
    assert (batch.state, batch.total) == (state, 2)


@pytest.mark.parametrize(
    ("response", "message", "code"),
    [
        (
            httpx.Response(400, json={"error": {"type": "invalid_request_error", "message": "Bad"}}),
            "Bad",
            "invalid_request_error",
        ),
        (
            httpx.Response(
                429,
                json={
                    "error": {
                        "type": "rate_limit_error",
                        "message": "Bad",
                        "details": {"error_code": "contract_spend_limit_reached"},
                    }
                },
            ),
            "Bad",
            "contract_spend_limit_reached",
        ),
        (httpx.Response(400, json={"error": {"message": "Bad"}}), "Bad", None),
        (httpx.Response(400, json={"error": "Bad"}), "Bad", None),
        (httpx.Response(400, json={"message": "Bad"}), "Bad", None),
        (httpx.Response(400, json=["Bad"]), "Bad", None),
        (httpx.Response(413, text="<html>Bad</html>"), "<html>Bad</html>", None),
        (httpx.Response(503), "HTTP 503 Service Unavailable", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusal_is_told_in_the_provider_s_words(
    response: httpx.Response, message: str, code: str | None
) -> None:
    refusal = refused(batches.create(ENDPOINT, SUBMISSION, io.BytesIO()), response)
    assert (refusal.status, refusal.message, refusal.code) == (response.status_code, message, code)


def test_success_that_is_no_batch_is_the_provider_s_fault() -> None:
    refusal = refused(batches.retrieve(ENDPOINT, "1"), httpx.Response(200, json={"id": "1"}))
    assert (refusal.status, refusal.message) == (
        502,
        "the provider's answer cannot be read: processing_status Field required",
    )


def test_cancel_that_the_provider_has_no_time_for_may_be_asked_again() -> None:
    refusal = refused(batches.cancel(ENDPOINT, "1"), httpx.Response(529, headers={"retry-after": "7"}))
    assert (refusal.passing, refusal.retry_after) == (True, 7.0)


def test_betas_of_a_group_are_told_once() -> None:
    request = next(batches.create(ENDPOINT, replace(SUBMISSION, group="a,b"), io.BytesIO()))
    assert request.headers["anthropic-beta"] == "a,b"
