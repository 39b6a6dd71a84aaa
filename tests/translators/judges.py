"""The official SDKs, asked whether a line is one of theirs: unknown keys are forbidden."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from groq.types.chat.completion_create_params import CompletionCreateParams as GroqParams
from openai.types import EmbeddingCreateParams
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming

from tests.translators.providers import (
    test_anthropic_sdk,
    test_cohere_sdk,
    test_gemini_sdk,
    test_mistral_sdk,
    test_vertex_sdk,
)
from tests.translators.providers.judging import judge_of, judged

type Json = dict[str, Any]
type Judge = Callable[[Json, str], None]
"""The line and its model. Raises for a line that the SDK would not send."""

_CHAT = judge_of(CompletionCreateParamsNonStreaming)
_EMBEDDING = judge_of(EmbeddingCreateParams)
_GROQ = judge_of(GroqParams)


def _openai(line: Json, model: str) -> None:
    judge = _EMBEDDING if "input" in line["body"] else _CHAT
    assert judged(judge, line["body"]) == line["body"]


def _groq(line: Json, model: str) -> None:
    assert judged(_GROQ, line["body"]) == line["body"]


def _fireworks(line: Json, model: str) -> None:
    _openai({"body": {"model": model, **line["body"]}}, model)


def _xai(line: Json, model: str) -> None:
    _openai({"body": line["batch_request"]["chat_get_completion"]}, model)


def _anthropic(line: Json, model: str) -> None:
    test_anthropic_sdk.check(test_anthropic_sdk.PARAMS, line["params"])


def _cohere(line: Json, model: str) -> None:
    test_cohere_sdk.check(line["body"])


def _gemini(line: Json, model: str) -> None:
    alike = test_gemini_sdk.in_one_alphabet
    assert alike(test_gemini_sdk.judged(line)) == alike(line)


def _mistral(line: Json, model: str) -> None:
    body = {"model": model, **line["body"]}
    assert test_mistral_sdk.said_again(test_mistral_sdk.request_type(body), body) == body


def _vertex(line: Json, model: str) -> None:
    test_vertex_sdk.check(line)


JUDGES: Mapping[str, Judge] = MappingProxyType(
    {
        "anthropic": _anthropic,
        "azure": _openai,
        "cohere": _cohere,
        "fireworks": _fireworks,
        "gemini": _gemini,
        "groq": _groq,
        "mistral": _mistral,
        "openai": _openai,
        "together": _openai,  # whose format it takes; its own SDK has less
        "vertex": _vertex,
        "xai": _xai,
    }
)
