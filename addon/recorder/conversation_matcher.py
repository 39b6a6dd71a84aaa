"""Finds the conversations with a provider's batch API in captured exchanges.

A table of first requests proposes which conversations an exchange may begin. Each is played over the
exchanges: it matches when it sends exactly the requests that were captured.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from addon.recorder.captures import NO_TEXT, Exchange, Headers, as_json
from addon.recorder.request_patterns import (
    FIRST_REQUESTS,
    Name,
    marker_in,
    since_in,
    submission_in,
)
from translators.errors import ProviderError
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

NEARBY = 6
"""Exchanges that are searched for the arguments of an upload or a creation."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A conversation and what it is begun with."""

    name: Name
    begin: Callable[[], Conversation[object]]
    arguments: Mapping[str, object]
    """As JSON."""
    batch_id: str | None = None
    submission: Submission | None = None
    lines: str = ""


@dataclass
class Match:
    """A conversation that sent captured requests."""

    call: Call
    ending: dict[str, object] = field(default_factory=dict)
    """`outcome`, `error` or `lost`, as JSON."""
    outcome: object = None
    exchanges: list[int] = field(default_factory=list)
    """Indices, in the order of the requests."""
    unauthenticated: set[int] = field(default_factory=set)
    """Indices of the exchanges without a key in their request."""
    result_files: list[bytes] = field(default_factory=list)


class ConversationMatcher:
    """Finds the conversations of one provider in redacted exchanges.

    They begin at the provider's address, and may lead elsewhere: results can lie in a storage service.
    """

    def __init__(
        self,
        batches: Batches,
        endpoint: Endpoint,
        exchanges: Sequence[Exchange],
        used: AbstractSet[int] = frozenset(),
    ) -> None:
        """`used` are the exchanges of conversations that are known already."""
        self._batches = batches
        self._endpoint = endpoint
        self._exchanges = exchanges
        self._used = set(used)
        places = [place for place in (endpoint.base_url, endpoint.staging) if place]
        self._own = [
            at
            for at, exchange in enumerate(exchanges)
            if any(is_below(exchange.url, place) for place in places)
        ]
        self._known: dict[str, Batch] = {}
        self._fetched: set[str] = set()
        self._uploads: dict[str, Submission] = {}
        self._created: dict[Marker, tuple[Submission, float]] = {}
        """With the time of the call."""
        self._answered: set[Marker] = set()
        """Of creations with a known batch."""

    def matches(self) -> Iterator[Match]:
        """In the order they began."""
        for index in self._own:
            if index in self._used:
                continue
            found = [match for call in self._calls(index) if (match := self._played(call, index)).exchanges]
            if found:  # the first, unless it is the look with which Fireworks' cancel begins
                match = max(found, key=lambda one: one.call.name == "cancel" and len(one.exchanges) > 1)
                self._learn(match, self._exchanges[index].began)
                yield match

    def _learn(self, match: Match, began: float) -> None:
        call, outcome = match.call, match.outcome
        self._used.update(match.exchanges)
        if isinstance(outcome, Batch):
            self._known[outcome.id] = outcome
            if call.submission is not None:
                self._answered.add(call.submission.marker)
        if call.name == "results" and call.batch_id is not None and "outcome" in match.ending:
            self._fetched.add(call.batch_id)
        if call.name == "upload" and call.submission is not None and isinstance(outcome, str):
            self._uploads[outcome] = call.submission
        if call.name == "create" and call.submission is not None:
            self._created[call.submission.marker] = (call.submission, began)

    def _calls(self, index: int) -> Iterator[Call]:
        """The calls that this exchange may begin, the likeliest first."""
        exchange = self._exchanges[index]
        request = f"{exchange.method} {exchange.url}"
        begun = [(name, found) for name, pattern in FIRST_REQUESTS if (found := pattern.fullmatch(request))]
        for batch in self._known.values():
            if batch.state != "running" and (batch.id not in self._fetched or not begun):
                yield self._call("results", {}, batch, batch_id=batch.id)
        for name, found in begun:
            path = {group: unquote(text) for group, text in found.groupdict().items()}
            match name:
                case "find" if path.get("batch_id") not in self._known:
                    yield from self._searches(exchange)
                case "upload" | "create":
                    yield from self._submissions(name, index, path.get("input_id", ""))
                case "retrieve" | "cancel":  # the path may show the last segment of the id only
                    ids = (known for known in self._known if known.endswith(f"/{path['batch_id']}"))
                    batch_id = next(ids, path["batch_id"])
                    yield self._call(name, {"batch_id": batch_id}, batch_id, batch_id=batch_id)

    def _call(self, name: Name, arguments: Mapping[str, object], *parameters: object, **more: Any) -> Call:
        begin = partial(getattr(self._batches, name), self._endpoint, *parameters)
        return Call(name=name, begin=begin, arguments=arguments, **more)

    def _submissions(self, name: Name, index: int, input_id: str) -> Iterator[Call]:
        near = [self._exchanges[at] for at in self._own if at >= index and at not in self._used][:NEARBY]
        found = submission_in(near, name, input_id, self._uploads)
        if found is None:
            return
        first, lines = found
        # Without a group, Gemini uploads a file as small as those of recordings.
        for submission in (first, replace(first, group="")):
            arguments = {"submission": asdict(submission), "lines": lines}
            content = io.BytesIO(lines.encode())
            yield self._call(name, arguments, submission, content, submission=submission, lines=lines)

    def _searches(self, exchange: Exchange) -> Iterator[Call]:
        created = dict(self._created)
        if (marker := marker_in(unquote(urlsplit(exchange.url).query))) and marker not in created:
            created[marker] = (Submission(marker=marker, model="", group="", lines=0), exchange.began)
        latest_first = reversed(created.values())
        for submission, began in sorted(latest_first, key=lambda one: one[0].marker in self._answered):
            search = Search(since=since_in(exchange.url) or int(began), claimed=frozenset())
            plain = {"since": search.since, "claimed": list(search.claimed)}
            arguments = {"submission": asdict(submission), "search": plain}
            yield self._call("find", arguments, submission, search, submission=submission)

    def _played(self, call: Call, index: int) -> Match:
        """The conversation as it went; without exchanges if it sends other requests than those captured."""
        match = Match(call)
        conversation = call.begin()
        try:
            request = next(conversation)
            while True:
                request = conversation.send(self._response(request, index, match))
        except StopIteration as end:
            match.outcome = end.value
            match.ending = {"outcome": _plain(end.value)}
        except ProviderError as error:
            members = ("status", "message", "code", "retry_after", "passing")
            match.ending = {"error": {name: getattr(error, name) for name in members}}
        except _Lost:
            match.ending = {"lost": True}
        except (_Differs, ValueError):
            match.exchanges.clear()
        return match

    def _response(self, request: httpx.Request, index: int, match: Match) -> httpx.Response:
        """The captured response, noted in the match. Raises `_Differs`, `_Lost`."""
        at = self._exchange_of(request, index, match)
        match.exchanges.append(at)
        if not any(name in request.headers for name in self._endpoint.headers):
            match.unauthenticated.add(at)
        captured = self._exchanges[at].response
        if captured is None:
            raise _Lost
        if NO_TEXT.fullmatch(captured.body):
            raise _Differs  # not kept, since secrets cannot be found in it
        body = as_json(captured.body)
        content = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        response = httpx.Response(captured.status, headers=captured.headers, content=content, request=request)
        if SAVE not in request.extensions or not response.is_success:
            return response
        lines = request.extensions.get(LINES)
        match.result_files.append(
            response.content if lines is None else b"".join(line + b"\n" for line in lines(response.content))
        )
        return httpx.Response(response.status_code, headers=response.headers, request=request)

    def _exchange_of(self, request: httpx.Request, index: int, match: Match) -> int:
        """The first is the one at the index. Before later ones there may be exchanges of other conversations,
        but none that does something else with the same resource."""
        last = match.exchanges[-1] + 1 if match.exchanges else index
        for at in range(last, len(self._exchanges) if match.exchanges else index + 1):
            exchange = self._exchanges[at]
            if at in self._used:
                continue
            if is_same_request(request, exchange):
                return at
            if str(request.url) == exchange.url and request.method != exchange.method:
                break
        raise _Differs


class _Differs(Exception):
    """The next request of the conversation was not captured."""


class _Lost(Exception):
    """The captured request has no response."""


def is_same_request(request: httpx.Request, exchange: Exchange) -> bool:
    """Whether the exchange carries this request, but for headers without meaning to the provider."""
    if (request.method, str(request.url)) != (exchange.method, exchange.url):
        return False
    if any(request.headers.get(name) != value for name, value in significant_headers(exchange)):
        return False
    return as_json(request.read().decode()) == as_json(exchange.body)


def is_below(url: str, base_url: str) -> bool:
    return url.startswith((f"{base_url}/", f"{base_url}?"))


def significant_headers(exchange: Exchange) -> Headers:
    """The request headers that mean something to the provider."""
    meaningless = {"date"} if exchange.body else {"date", "content-type"}
    return tuple((name, value) for name, value in exchange.headers if name not in meaningless)


def _plain(outcome: object) -> object:
    return json.loads(json.dumps(asdict(outcome) if isinstance(outcome, Batch) else outcome))
