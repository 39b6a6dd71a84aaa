"""The official SDK as judge: it would send what we send, and it understands what we take for answers."""

import json
import warnings
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anthropic
import pytest
from anthropic.pagination import SyncPage
from anthropic.types import ContentBlockParam, Message
from anthropic.types.beta.message_create_params import MessageCreateParamsNonStreaming as BetaParams
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse
from anthropic.types.shared import ErrorResponse
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.warnings import TypedDictExtraConfigWarning

from tests.replay import Exchange, ReplayServer

RECORDINGS = Path(__file__).parents[3] / "recordings" / "anthropic"
SENT = sorted(RECORDINGS.glob("*/sent.json"))
RECEIVED = sorted(RECORDINGS.glob("*/received.json"))
EXCHANGES = sorted(RECORDINGS.glob("*/exchange.json"))

NOT_ANTHROPIC_S = {
    "batch-unknown-status": "the SDK knows the words of today",
    "claude-fields-nobody-knows": "they pass because nobody knows them",
    "claude-unreadable-answer": "success without a message is a fault",
    "create-too-large": "the edge answers before the API does",
    "unknown-block": "the SDK knows more blocks than Converse",
    "unknown-citation": "the SDK knows the words of today",
    "unknown-error": "the SDK knows the words of today",
    "unknown-finish-reason": "the SDK knows the words of today",
    "unknown-result": "the SDK knows the words of today",
    "unreadable-answer": "success without a message is a fault",
}
"""Cases that Anthropic's own types refuse, and why they are there all the same."""


class _InVersion(MessageCreateParamsNonStreaming, total=False):
    """The SDK's types are those of `anthropic-version: 2026-10-21`, which dropped these three parameters; the
    version that we name has them."""

    temperature: float
    top_k: int
    top_p: float


# The configuration of an outer type holds for the typed dicts inside that have none of their own.
_FORBIDDING = ConfigDict(extra="forbid", strict=True)
PARAMS: TypeAdapter[list[_InVersion]] = TypeAdapter(list[_InVersion], config=_FORBIDDING)
with warnings.catch_warnings():
    # Some types of betas say themselves that they allow more.
    warnings.simplefilter("ignore", TypedDictExtraConfigWarning)
    BETA: TypeAdapter[list[BetaParams]] = TypeAdapter(list[BetaParams], config=_FORBIDDING)
BLOCKS: TypeAdapter[list[ContentBlockParam]] = TypeAdapter(list[ContentBlockParam], config=_FORBIDDING)
ROW: TypeAdapter[MessageBatchIndividualResponse] = TypeAdapter(MessageBatchIndividualResponse)


def check(types: TypeAdapter[Any], params: Mapping[str, Any]) -> None:
    """Whether the SDK's types have these params. Raises `ValidationError` for what they do not allow.

    The blocks of messages are judged apart: where they stand, the SDK also takes blocks of its own answers,
    which may have anything in them.
    """
    messages = [{**message, "content": ""} for message in params["messages"]]
    judged = exhausted(types.validate_python([{**params, "messages": messages}]))
    assert judged == [{**params, "messages": messages}]
    contents = [message["content"] for message in params["messages"] if isinstance(message["content"], list)]
    assert [exhausted(BLOCKS.validate_python(content)) for content in contents] == contents


def exhausted(value: object) -> object:
    """The value with its iterables walked: pydantic checks the items of an `Iterable` only then."""
    if isinstance(value, Mapping):
        return {key: exhausted(member) for key, member in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [exhausted(item) for item in value]
    return value


def case_of(file: Path) -> str:
    return file.parent.name


def read(file: Path) -> Any:
    return json.loads(file.read_bytes())


def verdict(file: Path) -> AbstractContextManager[object]:
    return pytest.raises(ValidationError) if case_of(file) in NOT_ANTHROPIC_S else nullcontext()


@pytest.mark.parametrize("file", SENT, ids=case_of)
def test_params_of_a_line_are_what_the_sdk_would_send(file: Path) -> None:
    line = read(file)
    assert line.keys() == {"custom_id", "params"}
    beta = "context_management" in line["params"]
    with pytest.raises(ValidationError) if case_of(file) == "claude-fields-nobody-knows" else nullcontext():
        check(BETA if beta else PARAMS, line["params"])


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 5},
        {"anthropic_version": "bedrock-2023-05-31"},
        {"stop_sequences": 5},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi", "cache": 1}]}]},
        {"messages": [{"role": "tool", "content": "Hi"}]},
        {"tools": [{"name": "f", "parameters": {}}]},
        {"output_config": {"format": {"type": "json_schema", "schema": {}, "name": "n"}}},
        {"thinking": {"type": "enabled"}},
    ],
    ids=str,
)
def test_judge_refuses_what_the_sdk_does_not_know(change: Mapping[str, object]) -> None:
    params = {
        "model": "claude-haiku-4-5",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "Hi"}],
    }
    check(PARAMS, params)
    with pytest.raises(ValidationError):
        check(PARAMS, {**params, **change})


@pytest.mark.parametrize("file", RECEIVED, ids=case_of)
def test_recorded_row_is_one_the_sdk_understands(file: Path) -> None:
    row = read(file)
    with verdict(file) if case_of(file) != "unknown-block" else nullcontext():
        assert ROW.validate_python(row).custom_id == "0"
        if row["result"]["type"] == "succeeded":
            assert Message.model_validate(row["result"]["message"]).usage.output_tokens > 0


@pytest.mark.parametrize("file", EXCHANGES, ids=case_of)
def test_recorded_exchange_is_one_the_sdk_understands(file: Path) -> None:
    with verdict(file):
        for exchange in read(file):
            request, response = exchange["request"], exchange["response"]
            for asked in (request["body"] or {}).get("requests", ()):
                check(PARAMS, asked["params"])
            if response is not None:
                check_answer(request, response)


def check_answer(request: Exchange, response: Mapping[str, Any]) -> None:
    body = response["body"]
    if response["status"] >= 400:
        assert ErrorResponse.model_validate(body).error.message
    elif request["url"].endswith("/results"):
        assert [ROW.validate_json(line) for line in body.splitlines()]
    elif "data" in body:
        SyncPage[MessageBatch].model_validate(body)
    else:
        MessageBatch.model_validate(body)


def called(client: anthropic.Anthropic, request: Exchange) -> anthropic.BaseModel:
    """What the SDK makes of the answer to a recorded request."""
    parts = urlsplit(request["url"])
    batches = client.messages.batches
    match (request["method"], *parts.path.removeprefix("/v1/messages/").split("/")):
        case ("POST", "batches"):
            return batches.create(requests=request["body"]["requests"])
        case ("GET", "batches"):
            query: dict[str, Any] = dict(parse_qsl(parts.query))
            return batches.list(**query)
        case ("GET", "batches", id):
            return batches.retrieve(id)
        case ("POST", "batches", id, "cancel"):
            return batches.cancel(id)
        case other:
            raise AssertionError(f"no SDK call is known for {other}")


@pytest.mark.parametrize("file", EXCHANGES, ids=case_of)
def test_the_official_client_asks_the_same_and_parses_each_answer(file: Path) -> None:
    exchanges = [one for one in read(file) if not one["request"]["url"].endswith("/results")]
    with (
        ReplayServer(exchanges, path="") as server,
        anthropic.Anthropic(base_url=server.url, api_key="test-key", max_retries=0) as client,
    ):
        for exchange in exchanges:
            check_parsed(client, exchange)
        assert (server.surprises, server.played) == ([], len(exchanges))


def check_parsed(client: anthropic.Anthropic, exchange: Exchange) -> None:
    answer = exchange["response"]
    if answer is None:
        with pytest.raises(anthropic.APIConnectionError):
            called(client, exchange["request"])
    elif answer["status"] >= 400:
        with pytest.raises(anthropic.APIStatusError) as refusal:
            called(client, exchange["request"])
        assert refusal.value.status_code == answer["status"]
    else:
        parsed = called(client, exchange["request"])
        shown = parsed.to_dict(mode="json", warnings=False)
        assert timeless(shown) == timeless(answer["body"])


def timeless(value: Any) -> Any:
    """Without the times, which the SDK writes in another form."""
    if isinstance(value, dict):
        return {name: timeless(member) for name, member in value.items() if not name.endswith("_at")}
    return [timeless(item) for item in value] if isinstance(value, list) else value
