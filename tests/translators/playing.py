"""Plays provider conversations over recorded exchanges, as the addon plays them over the network."""

import io
import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from translators.providers.conversation import (
    LINES,
    SAVE,
    Batch,
    Batches,
    Conversation,
    Endpoint,
    Marker,
    Search,
    Submission,
)
from translators.providers.registry import PROVIDERS

ADDRESSES = {
    "azure": "https://example-resource.openai.azure.com",
    "fireworks": "https://api.fireworks.ai/v1/accounts/example",
    "vertex": "https://us-central1-aiplatform.googleapis.com/v1/projects/our/locations/us-central1",
}
"""Of providers that have none of their own for everybody."""

STAGING = {"vertex": "gs://example-bucket/batches"}
"""Where files lie for providers that keep none."""

type Exchange = dict[str, Any]


def endpoint_of(provider: str, base_url: str | None = None) -> Endpoint:
    """Where a provider's recordings were made, or that provider elsewhere."""
    row = PROVIDERS[provider]
    return Endpoint(
        base_url=base_url or ADDRESSES.get(provider, row.base_url),
        headers=row.headers("test-key"),
        staging=STAGING.get(provider, ""),
    )


class AnswerLost(Exception):
    """The recorded connection broke before the answer came."""


@dataclass
class Player:
    """One provider's end of a recorded life-cycle: asserts every request, gives the recorded response."""

    exchanges: Iterator[Exchange]
    endpoint: Endpoint
    saved: dict[str, bytes] = field(default_factory=dict)
    """Result files by the names they were saved under."""

    def play[Outcome](self, conversation: Conversation[Outcome]) -> Outcome:
        """The outcome of the conversation. Raises `AnswerLost` and what the conversation raises."""
        try:
            request = next(conversation)
            while True:
                request = conversation.send(self._response(request))
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome

    def _response(self, request: httpx.Request) -> httpx.Response:
        exchange = next(self.exchanges)
        _assert_as_recorded(request, exchange["request"], self.endpoint)
        answered = exchange["response"]
        if answered is None:
            raise AnswerLost
        response = httpx.Response(
            answered["status"], headers=answered["headers"], content=content_of(answered), request=request
        )
        name = request.extensions.get(SAVE)
        if name is None or not response.is_success:
            return response
        lines = request.extensions.get(LINES)
        self.saved[name] = (
            response.content if lines is None else b"".join(line + b"\n" for line in lines(response.content))
        )
        return httpx.Response(response.status_code, headers=response.headers, request=request)


def content_of(answered: Mapping[str, Any]) -> bytes:
    """The body of a recorded response: JSON, text, or bytes in base64."""
    if "base64" in answered:
        return b64decode(answered["base64"])
    body = answered["body"]
    return b"" if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()


def _assert_as_recorded(request: httpx.Request, recorded: Exchange, endpoint: Endpoint) -> None:
    assert (request.method, str(request.url)) == (recorded["method"], recorded["url"])
    carried = {name: request.headers.get(name) for name in (*recorded["headers"], *endpoint.headers)}
    assert carried == {**endpoint.headers, **recorded["headers"]}
    content = request.read().decode()
    body = recorded["body"]
    if body is None:
        assert content == ""
    else:
        assert (content if isinstance(body, str) else json.loads(content)) == body


def begun(
    batches: Batches, endpoint: Endpoint, told: Mapping[str, Any], batch: Batch | None
) -> Conversation[object]:
    """The conversation that a recording tells of; `batch` is what the one before it ended with."""
    given = dict(told["arguments"])
    if "submission" in given:
        submission = dict(given["submission"])
        given["submission"] = Submission(**{**submission, "marker": Marker(**submission["marker"])})
    if "search" in given:
        given["search"] = Search(
            since=given["search"]["since"], claimed=frozenset(given["search"]["claimed"])
        )
    if "lines" in given:
        given["lines"] = io.BytesIO(given["lines"].encode())
    if told["name"] == "results":
        given["batch"] = batch
    conversation: Conversation[object] = getattr(batches, told["name"])(endpoint, **given)
    return conversation
