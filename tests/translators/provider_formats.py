"""The wire format of each provider, as far as the conformance tests need it.

One `ProviderFormat` for each row of the registry: result rows as the provider would write them, and readers
of its request lines. A provider without one fails the tests that are about every provider.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

type Json = dict[str, Any]
type End = Literal["end", "length", "filter", "calls", "unknown"]

SIGNATURE = "c2lnbmF0dXJlMTIz"


@dataclass(frozen=True, kw_only=True)
class ModelAnswer:
    """What a model answered, in no provider's format."""

    text: str = ""
    calls: tuple[tuple[str, Json | None], ...] = ()
    """Names and arguments; None for a call without arguments."""
    reasoning: str = ""
    end: End = "end"
    prompt: int = 20
    """Tokens, those from a cache included."""
    cached: int = 0
    answered: int = 5
    """Tokens of what can be seen."""
    reasoned: int = 0
    """Tokens of what cannot."""
    odd: bool = False
    """There is also a part of an unknown kind."""


@dataclass(frozen=True, kw_only=True)
class ProviderFormat:
    """The format of a provider's lines and rows."""

    model: str
    """One that takes all of the provider's parameters."""
    row: Callable[[str, ModelAnswer], Json]
    """custom id, answer → the result row."""
    system: Callable[[Json], Sequence[str]]
    """The system texts of a line."""
    turns: Callable[[Json], Sequence[Json]]
    """The other messages of a line."""
    results: Callable[[Json], Mapping[str, str]]
    """The tool results of a line: texts by the ids of their calls."""
    hi: Json
    """The line of a request with the text Hi and nothing else."""
    keeps_signatures: bool
    """Whether its reasoning comes with something that has to be sent back."""
    ends: frozenset[End]
    """Ends that the provider has a word for."""
    parameters: Mapping[str, Literal["noted", "refused"]] = MappingProxyType({})
    """Parameters that are dropped with a note, or make the record an error; all others are sent."""


def chat_vectors(custom_id: str, vectors: Sequence[Sequence[float]]) -> Json:
    """The row of an embedding, at OpenAI and those who do as it does."""
    data = [
        {"object": "embedding", "index": index, "embedding": list(vector)}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    body = {"id": "e-1", "object": "list", "data": data, "model": "the-model", "usage": usage}
    response = {"status_code": 200, "request_id": "req_1", "body": body}
    return {"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": None}


def gemini_vectors(custom_id: str, vectors: Sequence[Sequence[float]]) -> Json:
    """The row of an embedding, which has one vector."""
    (vector,) = vectors
    return {"response": {"tokenCount": "3", "embedding": {"values": list(vector)}}, "key": custom_id}


def _texts(content: object) -> list[str]:
    if isinstance(content, str):
        return [content] if content else []
    return [part["text"] for part in content if "text" in part] if isinstance(content, list) else []


def _chat_end(answer: ModelAnswer) -> str:
    words = {"end": "stop", "length": "length", "filter": "content_filter", "calls": "tool_calls"}
    return words.get(answer.end, "bored")


def _chat_message(answer: ModelAnswer) -> Json:
    message: Json = {"role": "assistant", "content": answer.text or None}
    if answer.calls:
        message["tool_calls"] = [
            {
                "id": f"call_{number:05}",
                "type": "function",
                "function": {"name": name, "arguments": "" if given is None else json.dumps(given)},
            }
            for number, (name, given) in enumerate(answer.calls)
        ]
    if answer.reasoning:
        message["reasoning"] = answer.reasoning
    return message | ({"hologram": {"text": "?"}} if answer.odd else {})


def _chat_body(answer: ModelAnswer) -> Json:
    output = answer.answered + answer.reasoned
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_787_176_200,
        "model": "the-model",
        "choices": [{"index": 0, "message": _chat_message(answer), "finish_reason": _chat_end(answer)}],
        "usage": {
            "prompt_tokens": answer.prompt,
            "completion_tokens": output,
            "total_tokens": answer.prompt + output,
            "prompt_tokens_details": {"cached_tokens": answer.cached},
            "completion_tokens_details": {"reasoning_tokens": answer.reasoned},
        },
    }


def _chat_row(custom_id: str, answer: ModelAnswer) -> Json:
    response = {"status_code": 200, "request_id": "req_1", "body": _chat_body(answer)}
    return {"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": None}


def _mistral_row(custom_id: str, answer: ModelAnswer) -> Json:
    row = _chat_row(custom_id, answer)
    message = row["response"]["body"]["choices"][0]["message"]
    thoughts = message.pop("reasoning", None)
    odd = [{"type": "hologram", "text": "?"}] if message.pop("hologram", None) else []
    if thoughts or odd:
        thinking = (
            [{"type": "thinking", "thinking": [{"type": "text", "text": thoughts}]}] if thoughts else []
        )
        message["content"] = [*thinking, *odd, {"type": "text", "text": answer.text}]
    return row


def _cohere_row(custom_id: str, answer: ModelAnswer) -> Json:
    words = {"end": "COMPLETE", "length": "MAX_TOKENS", "calls": "TOOL_CALL"}
    content = [
        *([{"type": "thinking", "thinking": answer.reasoning}] if answer.reasoning else []),
        *([{"type": "hologram", "text": "?"}] if answer.odd else []),
        *([{"type": "text", "text": answer.text}] if answer.text else []),
    ]
    calls = [
        {
            "id": f"call_{number:05}",
            "type": "function",
            "function": {"name": name, "arguments": None if given is None else json.dumps(given)},
        }
        for number, (name, given) in enumerate(answer.calls)
    ]
    tokens = {"input_tokens": answer.prompt, "output_tokens": answer.answered + answer.reasoned}
    body = {
        "id": "c-1",
        "finish_reason": words.get(answer.end, "BORED"),
        "message": {"role": "assistant", "content": content, "tool_calls": calls or None},
        "usage": {"tokens": tokens, "cached_tokens": answer.cached},
    }
    return {"custom_id": custom_id, "error": "", "body": body}


def cohere_vectors(custom_id: str, vectors: Sequence[Sequence[float]]) -> Json:
    """The row of an embedding."""
    body = {"id": "e-1", "embeddings": {"float": [list(vector) for vector in vectors]}}
    return {"custom_id": custom_id, "error": "", "body": body}


def _chat_messages(line: Json) -> list[Json]:
    messages: list[Json] = line["body"]["messages"]
    return messages


def _chat_system(line: Json) -> list[str]:
    first, *others = _chat_messages(line)
    assert all(message["role"] not in {"system", "developer"} for message in others)
    return _texts(first["content"]) if first["role"] in {"system", "developer"} else []


def _chat_turns(line: Json) -> list[Json]:
    return [message for message in _chat_messages(line) if message["role"] not in {"system", "developer"}]


def _chat_results(line: Json) -> dict[str, str]:
    return {
        message["tool_call_id"]: "".join(_texts(message["content"]))
        for message in _chat_messages(line)
        if message["role"] == "tool"
    }


def _anthropic_row(custom_id: str, answer: ModelAnswer) -> Json:
    words = {"end": "end_turn", "length": "max_tokens", "filter": "refusal", "calls": "tool_use"}
    thinking = {"type": "thinking", "thinking": answer.reasoning, "signature": SIGNATURE}
    content = [
        *([thinking] if answer.reasoning else []),
        *([{"type": "hologram", "text": "?"}] if answer.odd else []),
        *([{"type": "text", "text": answer.text}] if answer.text else []),
        *(
            {"type": "tool_use", "id": f"toolu_{number:05}", "name": name, "input": given or {}}
            for number, (name, given) in enumerate(answer.calls)
        ),
    ]
    usage = {
        "input_tokens": answer.prompt - answer.cached,
        "cache_read_input_tokens": answer.cached,
        "cache_creation_input_tokens": 0,
        "output_tokens": answer.answered + answer.reasoned,
    }
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "the-model",
        "content": content,
        "stop_reason": words.get(answer.end, "bored"),
        "stop_sequence": None,
        "usage": usage,
    }
    return {"custom_id": custom_id, "result": {"type": "succeeded", "message": message}}


def _anthropic_turns(line: Json) -> list[Json]:
    turns: list[Json] = line["params"]["messages"]
    return turns


def _anthropic_results(line: Json) -> dict[str, str]:
    return {
        block["tool_use_id"]: "".join(_texts(block["content"]))
        for turn in _anthropic_turns(line)
        if isinstance(turn["content"], list)
        for block in turn["content"]
        if block["type"] == "tool_result"
    }


def _gemini_row(custom_id: str, answer: ModelAnswer) -> Json:
    words = {"end": "STOP", "length": "MAX_TOKENS", "filter": "SAFETY", "calls": "STOP"}
    signed = {"thoughtSignature": SIGNATURE} if answer.reasoning else {}
    parts: list[Json] = [
        *([{"text": answer.reasoning, "thought": True}] if answer.reasoning else []),
        *([{"hologram": {"text": "?"}}] if answer.odd else []),
        *([{"text": answer.text, **signed}] if answer.text else []),
        *({"functionCall": {"name": name, **({} if given is None else {"args": given})}, **signed}
          for name, given in answer.calls),
    ]  # fmt: skip
    usage = {
        "promptTokenCount": answer.prompt,
        "cachedContentTokenCount": answer.cached,
        "candidatesTokenCount": answer.answered,
        "thoughtsTokenCount": answer.reasoned,
        "totalTokenCount": answer.prompt + answer.answered + answer.reasoned,
    }
    candidate = {
        "content": {"role": "model", "parts": parts},
        "finishReason": words.get(answer.end, "BORED"),
        "index": 0,
    }
    response = {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": "the-model",
        "responseId": "r1",
    }
    return {"response": response, "key": custom_id}


def _vertex_row(custom_id: str, answer: ModelAnswer) -> Json:
    """The row of a model of Gemini's: the request comes back in it."""
    request = {"contents": [], "labels": {"bedrock_batch_record": custom_id}}
    response = _gemini_row(custom_id, answer)["response"]
    return {"status": "", "processed_time": "2026-08-19T14:40:30Z", "request": request, "response": response}


def _claude_on_vertex_row(custom_id: str, answer: ModelAnswer) -> Json:
    message = _anthropic_row(custom_id, answer)["result"]["message"]
    return {"custom_id": custom_id, "request": {}, "response": message, "status": ""}


def _gemini_turns(line: Json) -> list[Json]:
    turns: list[Json] = line["request"]["contents"]
    return turns


def _gemini_results(line: Json) -> dict[str, str]:
    return {
        part["functionResponse"]["id"]: part["functionResponse"]["response"]["output"]
        for turn in _gemini_turns(line)
        for part in turn["parts"]
        if "functionResponse" in part
    }


def _noted(*parameters: str) -> Mapping[str, Literal["noted", "refused"]]:
    return MappingProxyType(dict.fromkeys(parameters, "noted"))


_OPENAI_NOTED = _noted("top_k", "min_p")
_GEMINI_NOTED = _noted("min_p", "user", "logit_bias")
_CLAUDE_NOTED = _noted("seed", "presence_penalty", "frequency_penalty", "min_p", "logit_bias")


def _chat(model: str, **differences: Any) -> ProviderFormat:
    """The format of a provider with OpenAI's lines and rows."""
    hi = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
    line = {"custom_id": "r-1", "method": "POST", "url": "/v1/chat/completions", "body": hi}
    return ProviderFormat(
        **{
            "model": model,
            "row": _chat_row,
            "system": _chat_system,
            "turns": _chat_turns,
            "results": _chat_results,
            "hi": line,
            "keeps_signatures": False,
            "ends": frozenset({"end", "length", "filter", "calls", "unknown"}),
            **differences,
        }
    )


def _fireworks_row(custom_id: str, answer: ModelAnswer) -> Json:
    return {"custom_id": custom_id, "response": _chat_body(answer)}


def _xai_row(custom_id: str, answer: ModelAnswer) -> Json:
    body = _chat_body(answer)
    body["usage"]["completion_tokens"] = answer.answered  # the reasoning is counted beside it
    return {"batch_request_id": custom_id, "batch_result": {"response": {"chat_get_completion": body}}}


def _xai() -> ProviderFormat:
    chat = _chat("grok-4-1-fast-non-reasoning")

    def usual(line: Json) -> Json:
        return {"body": line["batch_request"]["chat_get_completion"]}

    return _chat(
        chat.model,
        row=_xai_row,
        parameters=_noted("top_k", "min_p", "logit_bias"),
        system=lambda line: _chat_system(usual(line)),
        turns=lambda line: _chat_turns(usual(line)),
        results=lambda line: _chat_results(usual(line)),
        hi={
            "batch_request_id": "r-1",
            "batch_request": {"chat_get_completion": chat.hi["body"]},
        },
    )


def _azure() -> ProviderFormat:
    usual = _chat("gpt-4o-mini")
    return _chat("gpt-4o-mini", hi={**usual.hi, "url": "/chat/completions"}, parameters=_OPENAI_NOTED)


_ANTHROPIC = ProviderFormat(
    model="claude-haiku-4-5",
    row=_anthropic_row,
    system=lambda line: _texts(line["params"].get("system")),
    turns=_anthropic_turns,
    results=_anthropic_results,
    hi={
        "custom_id": "r-1",
        "params": {
            "model": "claude-haiku-4-5",
            "messages": [{"role": "user", "content": "Hi"}],
            "max_tokens": 64_000,  # Anthropic requires one
        },
    },
    keeps_signatures=True,
    ends=frozenset({"end", "length", "filter", "calls", "unknown"}),
    parameters=_CLAUDE_NOTED,
)
_GEMINI = ProviderFormat(
    model="gemini-2.5-flash",
    row=_gemini_row,
    system=lambda line: _texts(line["request"].get("systemInstruction", {}).get("parts")),
    turns=_gemini_turns,
    results=_gemini_results,
    hi={"key": "r-1", "request": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}},
    keeps_signatures=True,
    ends=frozenset({"end", "length", "filter", "calls", "unknown"}),
    parameters=_GEMINI_NOTED,
)


def _vertex() -> ProviderFormat:
    hi = {"request": {**_GEMINI.hi["request"], "labels": {"bedrock_batch_record": "r-1"}}}
    return replace(_GEMINI, row=_vertex_row, hi=hi)


def _claude_on_vertex() -> ProviderFormat:
    def usual(line: Json) -> Json:
        return {"params": line["request"]}

    hi = {name: value for name, value in _ANTHROPIC.hi["params"].items() if name != "model"}
    return replace(
        _ANTHROPIC,
        model="claude-haiku-4-5@20251001",
        row=_claude_on_vertex_row,
        system=lambda line: _ANTHROPIC.system(usual(line)),
        turns=lambda line: _ANTHROPIC.turns(usual(line)),
        results=lambda line: _ANTHROPIC.results(usual(line)),
        hi={"custom_id": "r-1", "request": {"anthropic_version": "vertex-2023-10-16", **hi}},
    )


FORMATS: Mapping[str, ProviderFormat] = MappingProxyType(
    {
        "anthropic": _ANTHROPIC,
        "azure": _azure(),
        "cohere": _chat(
            "command-a-03-2025",
            row=_cohere_row,
            hi={
                "custom_id": "r-1",
                "body": {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
            },
            ends=frozenset({"end", "length", "calls", "unknown"}),
            parameters={**_GEMINI_NOTED, "stopSequences": "refused"},
        ),
        "fireworks": _chat(
            "accounts/fireworks/models/llama4-scout-instruct-basic",
            row=_fireworks_row,
            hi={"custom_id": "r-1", "body": {"messages": [{"role": "user", "content": "Hi"}]}},
        ),
        "gemini": _GEMINI,
        "groq": _chat(
            "llama-3.3-70b-versatile",
            parameters=_noted("presence_penalty", "frequency_penalty", "top_k", "min_p", "logit_bias"),
        ),
        "mistral": _chat(
            "mistral-small-latest",
            row=_mistral_row,
            hi={"custom_id": "r-1", "body": {"messages": [{"role": "user", "content": "Hi"}]}},
            ends=frozenset({"end", "length", "calls", "unknown"}),
            parameters=_GEMINI_NOTED,
        ),
        "openai": _chat("gpt-4o-mini", parameters=_OPENAI_NOTED),
        "together": _chat(
            "meta-llama/Llama-3.3-70B-Instruct-Turbo",
            hi={
                "custom_id": "r-1",
                "body": {
                    "model": "meta-llama/Llama-3.3-70B-Instruct-Turbo",
                    "messages": [{"role": "user", "content": "Hi"}],
                },
            },
            parameters=_noted("user"),
        ),
        "vertex": _vertex(),
        "vertex/claude": _claude_on_vertex(),
        "xai": _xai(),
    }
)
