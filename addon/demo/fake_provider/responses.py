"""Responses of the Responses API, converted from chat completions."""

from typing import Any

from addon.demo.fake_provider.chat_completions import chat_completion

_CREATED = 1_787_176_200
_ROLES = {"developer": "system"}


def response(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and body with which the demo's provider answers a request of this API."""
    status, completion = chat_completion(_chat(body))
    if status != 200:
        return status, completion
    choice, usage = completion["choices"][0], completion["usage"]
    name = completion["id"].removeprefix("chatcmpl-")
    cut = choice["finish_reason"] == "length"
    return 200, {
        "id": f"resp_{name}",
        "object": "response",
        "created_at": _CREATED,
        "status": "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": body.get("instructions"),
        "model": body["model"],
        "output": _items(name, choice["message"]),
        "parallel_tool_calls": True,
        "temperature": body.get("temperature", 1.0),
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools", []),
        "top_p": body.get("top_p", 1.0),
        "usage": {
            "input_tokens": usage["prompt_tokens"],
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": usage["completion_tokens"],
            "output_tokens_details": {
                "reasoning_tokens": usage["completion_tokens_details"]["reasoning_tokens"]
            },
            "total_tokens": usage["total_tokens"],
        },
    }


def _chat(body: dict[str, Any]) -> dict[str, Any]:
    """The request as a chat completion."""
    asked = body["input"]
    items = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
    chat: dict[str, Any] = {"model": body["model"], "messages": [_message(item) for item in items]}
    chat["reasoning_effort"] = body.get("reasoning", {}).get("effort")
    if "max_output_tokens" in body:
        chat["max_completion_tokens"] = body["max_output_tokens"]
    if body.get("tools"):
        chat["tools"] = [{"type": "function", "function": tool} for tool in body["tools"]]
    choice = body.get("tool_choice")
    chat["tool_choice"] = {"type": "function", "function": choice} if isinstance(choice, dict) else choice
    form = body.get("text", {}).get("format", {})
    if form.get("type") == "json_schema":
        chat["response_format"] = {"type": "json_schema", "json_schema": form}
    return chat


def _message(item: dict[str, Any]) -> dict[str, Any]:
    match item.get("type", "message"):
        case "message":
            return {"role": _ROLES.get(item["role"], item["role"]), "content": _content(item["content"])}
        case "function_call_output":
            return {"role": "tool", "content": _content(item["output"])}
        case _:
            return {"role": "assistant", "content": None}


def _content(content: str | list[dict[str, Any]]) -> Any:
    if isinstance(content, str):
        return content
    kinds = {"input_text": "text", "output_text": "text", "input_image": "image_url", "input_file": "file"}
    return [{**part, "type": kinds[part["type"]]} for part in content]


def _items(name: str, message: dict[str, Any]) -> list[dict[str, Any]]:
    if "tool_calls" in message:
        return [
            {
                "id": f"fc_{name}",
                "type": "function_call",
                "status": "completed",
                "call_id": call["id"],
                **call["function"],
            }
            for call in message["tool_calls"]
        ]
    part = {"type": "output_text", "text": message["content"], "annotations": [], "logprobs": []}
    return [
        {
            "id": f"msg_{name}",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [part],
        }
    ]
