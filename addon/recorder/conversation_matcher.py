"""Which conversations with a provider's batch API made the exchanges that were captured.

Nothing is taken for granted: a conversation is recognised when, begun with arguments that the exchanges
themselves suggest and played over them, it asks exactly what was asked. What it ends with is its outcome.
"""

import io
import json
import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field, replace
from itertools import islice, product
from typing import IO
from urllib.parse import unquote, urlsplit

import httpx

from addon.recorder.captures import NO_TEXT, Exchange, Headers, as_json
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
"""Exchanges that are looked at for what an upload or a create call was begun with."""

MOST_ATTEMPTS = 500
"""Of arguments for one call."""

_MARKER = re.compile(r"(?<!\w)([a-z0-9]{12})-(\d{1,6})-(\d{1,3})(?![\w-])")
_CUSTOM_ID = re.compile(r'"([a-z0-9]{12})-\d+"')
_MODEL = re.compile(r'"model"\s*:\s*"([^"\\]+)"|/models/([^/:?]+)')
_GROUP = re.compile(r'"(?:url|endpoint)"\s*:\s*"(/[^"\\]+)"|/models/[^/:?]+:(\w+)|[?&]type=([\w-]+)')
_BATCH_FILE = re.compile(r'filename="[^"]*"\r?\n(?:[^\r\n]+\r?\n)*\r?\n(.*?)\r?\n--', re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Held:
    """A conversation that was held."""

    name: str
    arguments: dict[str, object]
    """As JSON."""
    ending: dict[str, object]
    """`outcome`, `error` or `lost`."""
    exchanges: tuple[int, ...]
    """Which, in the order they were needed."""
    outcome: object = None
    submission: Submission | None = None
    batch_id: str | None = None
    lines: str = ""
    rows: tuple[bytes, ...] = ()
    """Result files."""
    anonymous: frozenset[int] = frozenset()
    """Which of the exchanges went without the key."""

    @property
    def fetched(self) -> bool:
        return self.name == "results" and "outcome" in self.ending


@dataclass
class _Known:
    """What the conversations so far have told."""

    batches: dict[str, Batch] = field(default_factory=dict)
    fetched: set[str] = field(default_factory=set)
    uploads: list[Submission] = field(default_factory=list)
    """With what they ended with as `input_id`."""
    submissions: list[tuple[Submission, float]] = field(default_factory=list)
    """With the time of the call."""

    def learn(self, held: Held, began: float) -> None:
        if isinstance(held.outcome, Batch):
            self.batches[held.outcome.id] = held.outcome
        if held.name == "upload" and isinstance(held.outcome, str) and held.submission is not None:
            self.uploads.insert(0, replace(held.submission, input_id=held.outcome))
        if held.name == "create" and held.submission is not None:
            self.submissions.insert(0, (held.submission, began))
        if held.fetched and held.batch_id is not None:
            self.fetched.add(held.batch_id)


class Recogniser:
    """Finds the conversations of one provider in exchanges from which secrets are gone.

    They begin at the provider's address, and may lead elsewhere: results can lie in somebody's storage.
    """

    def __init__(
        self,
        batches: Batches,
        endpoint: Endpoint,
        exchanges: Sequence[Exchange],
        used: AbstractSet[int] = frozenset(),
    ) -> None:
        """`used` are the exchanges that others made."""
        self._batches = batches
        self._endpoint = endpoint
        self._exchanges = exchanges
        self._used = set(used)
        self._known = _Known()
        places = [place for place in (endpoint.base_url, endpoint.staging) if place]
        self._own = [
            at
            for at, exchange in enumerate(exchanges)
            if any(is_below(exchange.url, place) for place in places)
        ]

    def conversations(self) -> Iterator[Held]:
        """In the order they began; exchanges of none of them are left over."""
        for index in self._own:
            if index in self._used:
                continue
            held = next((held for begun in self._begun(index) if (held := self._played(begun, index))), None)
            if held is not None:
                self._used.update(held.exchanges)
                self._known.learn(held, self._exchanges[index].began)
                yield held

    def _begun(self, index: int) -> Iterator[Held]:
        """Conversations that may begin with this exchange: their names and arguments."""
        exchange = self._exchanges[index]
        for batch in self._known.batches.values():
            if batch.state != "running" and batch.id not in self._known.fetched:
                yield Held(name="results", arguments={}, ending={}, exchanges=(), batch_id=batch.id)
        for name in ("retrieve", "cancel"):
            for batch_id in dict.fromkeys([*self._known.batches, *_ids_in(exchange.url)]):
                arguments: dict[str, object] = {"batch_id": batch_id}
                yield Held(name=name, arguments=arguments, ending={}, exchanges=(), batch_id=batch_id)
        for uploaded, content in product(self._known.uploads, ["", *_lines_in([exchange])]):
            lines = content.count("\n") or uploaded.lines
            yield _sending("create", replace(uploaded, lines=lines), content)
        if exchange.method != "GET":
            yield from islice(self._sent(index), MOST_ATTEMPTS)
        for batch_id in self._known.fetched:
            yield Held(name="results", arguments={}, ending={}, exchanges=(), batch_id=batch_id)
        yield from self._searches()

    def _sent(self, index: int) -> Iterator[Held]:
        near = [self._exchanges[at] for at in self._own if at >= index and at not in self._used][:NEARBY]
        text = "\n".join(f"{exchange.url}\n{exchange.body}" for exchange in near)
        lines = list(dict.fromkeys(["", *_lines_in(near)]))
        words = _words_in(near[0].body)
        for name, inputs in (("create", ["", *words]), ("upload", [""])):
            for made in product(lines, _markers_in(text), _groups_in(text, near), _models_in(text), inputs):
                content, marker, group, model, input_id = made
                count = content.count("\n")
                submission = Submission(
                    marker=marker, model=model, group=group, lines=count, input_id=input_id
                )
                yield _sending(name, submission, content)

    def _searches(self) -> Iterator[Held]:
        for submission, began in self._known.submissions:
            for since in (int(began), 0):
                search: dict[str, object] = {"since": since, "claimed": []}
                yield Held(
                    name="find",
                    arguments={"submission": asdict(submission), "search": search},
                    ending={},
                    exchanges=(),
                    submission=submission,
                )

    def _conversation(self, held: Held) -> Conversation[object]:
        endpoint = self._endpoint
        match held:
            case Held(name="results", batch_id=str(batch_id)):
                return self._batches.results(endpoint, self._known.batches[batch_id])
            case Held(name="retrieve", batch_id=str(batch_id)):
                return self._batches.retrieve(endpoint, batch_id)
            case Held(name="cancel", batch_id=str(batch_id)):
                return self._batches.cancel(endpoint, batch_id)
            case Held(name="find", submission=Submission() as submission, arguments={"search": dict(search)}):
                since = Search(since=search["since"], claimed=frozenset())
                return self._batches.find(endpoint, submission, since)
            case Held(name=name, submission=Submission() as submission):
                lines: IO[bytes] = io.BytesIO(held.lines.encode())
                begin = self._batches.upload if name == "upload" else self._batches.create
                return begin(endpoint, submission, lines)
            case _:
                raise TypeError(held.name)

    def _played(self, begun: Held, index: int) -> Held | None:
        """The conversation as it went, if it asks what was asked."""
        play = _Play(self._exchanges, self._used, index, self._endpoint)
        conversation = self._conversation(begun)
        try:
            request = next(conversation)
            while True:
                request = conversation.send(play.response(request))
        except StopIteration as end:
            ending: dict[str, object] = {"outcome": _plain(end.value)}
            outcome: object = end.value
        except ProviderError as error:
            said = ("status", "message", "code", "retry_after", "passing")
            ending, outcome = {"error": {name: getattr(error, name) for name in said}}, None
        except _Lost:
            ending, outcome = {"lost": True}, None
        except (_Differs, ValueError):  # not these arguments
            return None
        if not play.needed:
            return None
        return Held(
            name=begun.name,
            arguments=begun.arguments,
            ending=ending,
            exchanges=tuple(play.needed),
            outcome=outcome,
            submission=begun.submission,
            batch_id=begun.batch_id,
            lines=begun.lines,
            rows=tuple(play.saved),
            anonymous=frozenset(play.anonymous),
        )


def _sending(name: str, submission: Submission, lines: str) -> Held:
    return Held(
        name=name,
        arguments={"submission": asdict(submission), "lines": lines},
        ending={},
        exchanges=(),
        submission=submission,
        lines=lines,
    )


class _Differs(Exception):
    """Something else was asked."""


class _Lost(Exception):
    """No answer came."""


class _Play:
    """The provider's end: the exchanges from `index` on that nobody else had."""

    def __init__(self, exchanges: Sequence[Exchange], used: set[int], index: int, endpoint: Endpoint) -> None:
        self._exchanges = exchanges
        self._used = used
        self._index = index
        self._endpoint = endpoint
        self.needed: list[int] = []
        self.anonymous: set[int] = set()
        self.saved: list[bytes] = []

    def response(self, request: httpx.Request) -> httpx.Response:
        """The recorded answer. Raises `_Differs`, `_Lost`."""
        at = self._exchange_of(request)
        self.needed.append(at)
        if not any(name in request.headers for name in self._endpoint.headers):
            self.anonymous.add(at)
        answer = self._exchanges[at].answer
        if answer is None:
            raise _Lost
        if NO_TEXT.fullmatch(answer.body):
            raise _Differs  # what it said is not kept, since nobody can tell what secrets it holds
        body = as_json(answer.body)
        content = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        response = httpx.Response(answer.status, headers=answer.headers, content=content, request=request)
        if SAVE not in request.extensions or not response.is_success:
            return response
        lines = request.extensions.get(LINES)
        rows = (
            response.content if lines is None else b"".join(line + b"\n" for line in lines(response.content))
        )
        self.saved.append(rows)
        return httpx.Response(response.status_code, headers=response.headers, request=request)

    def _exchange_of(self, request: httpx.Request) -> int:
        """The first has to be the one at the index; later ones may have others between them."""
        left = range(self._index, self._index + 1)
        if self.needed:
            left = range(self.needed[-1] + 1, len(self._exchanges))
        for at in left:
            if at not in self._used and asks(request, self._exchanges[at]):
                return at
        raise _Differs


def asks(request: httpx.Request, exchange: Exchange) -> bool:
    """Whether the request is the one of the exchange."""
    if (request.method, str(request.url)) != (exchange.method, exchange.url):
        return False
    if any(request.headers.get(name) != value for name, value in told_headers(exchange)):
        return False
    return as_json(request.read().decode()) == as_json(exchange.body)


def is_below(url: str, base_url: str) -> bool:
    return url.startswith((f"{base_url}/", f"{base_url}?"))


def told_headers(exchange: Exchange) -> Headers:
    """Those of a request that mean something to the provider."""
    meaningless = {"date"} if exchange.body else {"date", "content-type"}
    return tuple((name, value) for name, value in exchange.headers if name not in meaningless)


def _plain(outcome: object) -> object:
    return json.loads(json.dumps(asdict(outcome) if isinstance(outcome, Batch) else outcome))


def _ids_in(url: str) -> list[str]:
    """What may be a batch's id in a URL: one segment or two, the last first; `:verb` is no part."""
    path = re.sub(r":\w+$", "", urlsplit(url).path)
    segments = [unquote(segment) for segment in path.split("/") if segment]
    ids = ["/".join(segments[start:end]) for end in range(1, len(segments) + 1) for start in range(end)]
    return [found for found in reversed(ids) if found.count("/") < 2]


def _markers_in(text: str) -> list[Marker]:
    found = [
        Marker(job=job, shard=int(shard), round=int(round_)) for job, shard, round_ in _MARKER.findall(text)
    ]
    found += [Marker(job=job, shard=0, round=0) for job in _CUSTOM_ID.findall(text)[:1]]
    return list(dict.fromkeys(found))[:3]


def _models_in(text: str) -> list[str]:
    found = ("".join(groups) for groups in _MODEL.findall(text))
    return list(dict.fromkeys(found))[:3] or [""]


def _groups_in(text: str, near: Sequence[Exchange]) -> list[str]:
    found = ["".join(groups) for groups in _GROUP.findall(text)]
    betas = [value for exchange in near[:1] for name, value in exchange.headers if name == "anthropic-beta"]
    return [*list(dict.fromkeys([*betas, *found]))[:4], ""]


def _words_in(body: str) -> list[str]:
    """Texts in a small JSON document: one of them may be the id of an input."""
    return [text for text in _leaves(as_json(body)) if len(text) < 200][:8]


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _leaves(member)


def _lines_in(near: Sequence[Exchange]) -> Iterator[str]:
    """The lines of a batch, wherever in the next requests they are: a file, the body, a list in it."""
    for exchange in near:
        document = as_json(exchange.body)
        if isinstance(document, dict):
            yield from _lists_in(document)
        if isinstance(document, str):
            yield from (f"{found}\n" for found in _files_in(document))
        if exchange.body.startswith("{") and exchange.method != "GET":
            yield exchange.body if exchange.body.endswith("\n") else exchange.body + "\n"


def _files_in(body: str) -> Iterator[str]:
    for found in _BATCH_FILE.findall(body):
        yield found.rstrip("\n")


def _lists_in(value: object) -> Iterator[str]:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for form in (lambda item: item, _keyed):
            yield "".join(
                json.dumps(form(item), ensure_ascii=False, separators=(",", ":")) + "\n" for item in value
            )
    elif isinstance(value, dict):
        for member in value.values():
            yield from _lists_in(member)


def _keyed(item: dict[str, object]) -> dict[str, object]:
    """A line whose id lies beside it when it goes inside a request (Gemini: docs/batch-api, inline)."""
    match item:
        case {"request": request, "metadata": {"key": key}}:
            return {"key": key, "request": request}
        case _:
            return item
