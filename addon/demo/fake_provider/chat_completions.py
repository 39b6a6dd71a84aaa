"""Chat completions made from the request alone: the same request has the same response."""

import hashlib
from typing import Any

import orjson

FAIL = "please fail"
"""A record that contains this text is answered with an HTTP 400."""

_CREATED = 1_787_176_200
_EXAMPLES: dict[str, Any] = {"integer": 3, "number": 18.5, "boolean": True, "null": None}


def chat_completion(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and body with which the demo's provider answers a record."""
    messages: list[dict[str, Any]] = body["messages"]
    text = _text_of(messages[-1])
    if FAIL in text.lower():
        return failure("messages")
    if _wants_tool(body):
        calls = _tool_calls(body)
        return 200, _completion(body, None, "tool_calls", calls)
    words = _words(body, messages, text)
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    if limit is not None and _tokens(words) > limit:
        return 200, _completion(body, words[: limit * 4], "length")
    return 200, _completion(body, words, "stop")


def failure(param: str) -> tuple[int, dict[str, Any]]:
    """The answer to a record that asks for it."""
    message = "This request was asked to fail, and so it does."
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": "invalid_value"}
    return 400, {"error": error}


def _text_of(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return " ".join(part["text"] for part in content if part["type"] == "text")
    return content or ""


def _has_image(messages: list[dict[str, Any]]) -> bool:
    parts = (
        part
        for message in messages
        if isinstance(message.get("content"), list)
        for part in message["content"]
    )
    return any(part["type"] == "image_url" for part in parts)


def _wants_tool(body: dict[str, Any]) -> bool:
    return (
        bool(body.get("tools"))
        and body.get("tool_choice") != "none"
        and body["messages"][-1]["role"] == "user"
    )


def _tool_calls(body: dict[str, Any]) -> list[dict[str, Any]]:
    choice = body.get("tool_choice")
    wanted = choice["function"]["name"] if isinstance(choice, dict) else body["tools"][0]["function"]["name"]
    (function,) = (tool["function"] for tool in body["tools"] if tool["function"]["name"] == wanted)
    arguments = orjson.dumps(_example(function.get("parameters", {}))).decode()
    call = {"name": wanted, "arguments": arguments}
    return [{"id": f"call_{_digest(body)[:24]}", "type": "function", "function": call}]


def _words(body: dict[str, Any], messages: list[dict[str, Any]], text: str) -> str:
    format_ = body.get("response_format") or {}
    if format_.get("type") == "json_schema":
        return orjson.dumps(_example(format_["json_schema"].get("schema", {}))).decode()
    if format_.get("type") == "json_object":
        return orjson.dumps({"answer": text}).decode()
    if messages[-1]["role"] == "tool":
        return f"The tool said: {text}"
    if _has_image(messages):
        return f"I looked at the image. As to “{text}”: it shows what you sent."
    turns = sum(message["role"] == "user" for message in messages)
    return f"Turn {turns}. You asked: “{text}”. A provider without a model says: certainly."


def _example(schema: dict[str, Any]) -> Any:
    """A value that fits a JSON Schema, roughly."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: _example(member) for name, member in schema.get("properties", {}).items()}
    if kind == "array":
        return [_example(schema.get("items", {}))]
    return _EXAMPLES.get(kind, schema.get("description", "example"))


def _completion(
    body: dict[str, Any],
    content: str | None,
    finish_reason: str,
    tool_calls: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    if tool_calls is not None:
        message["tool_calls"] = tool_calls
    return {
        "id": f"chatcmpl-{_digest(body)[:29]}",
        "object": "chat.completion",
        "created": _CREATED,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}],
        "usage": _usage(body, content or orjson.dumps(tool_calls).decode()),
        "service_tier": "default",
        "system_fingerprint": None,
    }


def _usage(body: dict[str, Any], answer: str) -> dict[str, Any]:
    asked = sum(_tokens(_text_of(message)) for message in body["messages"])
    reasoning = 0 if body.get("reasoning_effort") in (None, "none") else 64
    answered = _tokens(answer) + reasoning
    return {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _tokens(text: str) -> int:
    return len(text) // 4 + 1


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(body)).hexdigest()
