"""How an application reads the answers of every dialect."""

import json
from dataclasses import dataclass
from typing import Any

type Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ReadAnswer:
    """An answer as an application reads it."""

    text: str = ""
    calls: tuple[tuple[str, Json], ...] = ()
    reasoning: str = ""
    prompt: int | None = None
    """Tokens, those from a cache included; None where the dialect counts none."""
    output: int | None = None
    end: str = ""
    """The dialect's own word."""
    vectors: tuple[tuple[float, ...], ...] = ()


def converse(answer: Json) -> ReadAnswer:
    content, usage = answer["output"]["message"]["content"], answer["usage"]
    cached = usage.get("cacheReadInputTokens", usage.get("cacheReadInputTokenCount", 0))
    thoughts = [
        block["reasoningContent"]["reasoningText"] for block in content if "reasoningContent" in block
    ]
    return ReadAnswer(
        text="".join(block["text"] for block in content if "text" in block),
        calls=tuple(
            (block["toolUse"]["name"], block["toolUse"]["input"]) for block in content if "toolUse" in block
        ),
        reasoning="".join(thought["text"] for thought in thoughts),
        prompt=usage["inputTokens"] + cached,
        output=usage["outputTokens"],
        end=answer["stopReason"],
    )


def claude(answer: Json) -> ReadAnswer:
    content, usage = answer["content"], answer["usage"]
    return ReadAnswer(
        text="".join(block["text"] for block in content if block["type"] == "text"),
        calls=tuple((block["name"], block["input"]) for block in content if block["type"] == "tool_use"),
        reasoning="".join(block["thinking"] for block in content if block["type"] == "thinking"),
        prompt=usage["input_tokens"] + usage["cache_read_input_tokens"],
        output=usage["output_tokens"],
        end=answer["stop_reason"],
    )


def chat(answer: Json) -> ReadAnswer:
    (choice,) = answer["choices"]
    message, usage = choice["message"], answer["usage"]
    refusal = message.get("refusal")
    text = message.get("content") or refusal or ""
    tagged, _, untagged = text.removeprefix("<reasoning>").rpartition("</reasoning>")
    calls = message.get("tool_calls") or []
    return ReadAnswer(
        text=untagged,
        calls=tuple((call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls),
        reasoning=tagged or message.get("reasoning_content") or message.get("reasoning") or "",
        prompt=usage["prompt_tokens"],
        output=usage["completion_tokens"],
        end="content_filter" if refusal else choice["finish_reason"],
    )


def command_r(answer: Json) -> ReadAnswer:
    calls = tuple((call["name"], call["parameters"]) for call in answer.get("tool_calls", []))
    return ReadAnswer(text=answer["text"], calls=calls, end=answer["finish_reason"])


def command(answer: Json) -> ReadAnswer:
    (generation,) = answer["generations"]
    return ReadAnswer(text=generation["text"], end=generation["finish_reason"])


def titan(answer: Json) -> ReadAnswer:
    (result,) = answer["results"]
    return ReadAnswer(
        text=result["outputText"],
        prompt=answer["inputTextTokenCount"],
        output=result["tokenCount"],
        end=result["completionReason"],
    )


def llama(answer: Json) -> ReadAnswer:
    return ReadAnswer(
        text=answer["generation"],
        prompt=answer["prompt_token_count"],
        output=answer["generation_token_count"],
        end=answer["stop_reason"],
    )


def deepseek(answer: Json) -> ReadAnswer:
    (choice,) = answer["choices"]
    reasoning, _, text = choice["text"].rpartition("</think>")
    return ReadAnswer(
        text=text.strip(), reasoning=reasoning.removeprefix("<think>").strip(), end=choice["stop_reason"]
    )


def mistral(answer: Json) -> ReadAnswer:
    (output,) = answer["outputs"]
    return ReadAnswer(text=output["text"], end=output["stop_reason"])


def claude_text(answer: Json) -> ReadAnswer:
    return ReadAnswer(text=answer["completion"].strip(), end=answer["stop_reason"])
