"""The records of the demo's two jobs: bodies of a Claude job and of a Converse job, in several shapes.

A record's id begins with its shape: `image-0012`.
"""

import json
import struct
import zlib
from base64 import b64encode
from collections.abc import Iterator
from itertools import count, cycle, islice
from typing import Any

from addon.demo.fake_provider.chat_completions import FAIL

type Record = dict[str, Any]

FAILING = "failing"
"""The shape of the one record that the provider answers with an error."""

_QUESTIONS = (
    "What is a batch job good for?",
    "Why is the sky blue?",
    "How do I fold a fitted sheet?",
    "Which planet has the shortest day?",
    "Explain recursion to a carpenter.",
    "Was ist ein Stapelauftrag? Grüße, 北京, 🌍",
)

_WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Lisbon"}, "days": {"type": "integer"}},
    "required": ["city"],
}

_REVIEW = {
    "type": "object",
    "properties": {
        "mood": {"type": "string", "enum": ["glad", "sad"]},
        "stars": {"type": "integer"},
    },
    "required": ["mood", "stars"],
    "additionalProperties": False,
}


def claude_records(total: int) -> list[Record]:
    """Records with the body that Claude takes through InvokeModel; the last one fails."""
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 512}
    made = _records({shape: body | members for shape, members in _claude_shapes()}, total - 1)
    failing = body | {"messages": [_turn("user", f"This time, {FAIL}.")]}
    return [*made, {"recordId": f"{FAILING}-{total:04d}", "modelInput": failing}]


def converse_records(total: int) -> list[Record]:
    """Records with the body of Converse."""
    return _records(dict(_converse_shapes()), total)


def _records(bodies: dict[str, Record], total: int) -> list[Record]:
    """This many records, the shapes taking turns, each with a question of its own."""
    rounds = zip(count(1), cycle(bodies.items()), cycle(_QUESTIONS), strict=False)
    return [
        {"recordId": f"{shape}-{number:04d}", "modelInput": _with_question(body, f"{number}. {question}")}
        for number, (shape, body), question in islice(rounds, total)
    ]


def _with_question(body: Record, question: str) -> Record:
    """The body with the question in place of `…`, wherever that stands in its messages."""

    def replaced(value: Any) -> Any:
        match value:
            case "…":
                return question
            case dict():
                return {name: replaced(member) for name, member in value.items()}
            case list():
                return [replaced(member) for member in value]
            case _:
                return value

    return {name: replaced(value) if name == "messages" else value for name, value in body.items()}


def _turn(role: str, content: Any) -> Record:
    return {"role": role, "content": content}


def _claude_shapes() -> Iterator[tuple[str, Record]]:
    text = _turn("user", "…")
    image = {"type": "base64", "media_type": "image/png", "data": _png()}
    tool = {"name": "get_weather", "description": "The weather of a city", "input_schema": _WEATHER}
    weather = _turn("user", "What will the weather be in Lisbon?")
    call = {"type": "tool_use", "id": "toolu_01", "name": "get_weather", "input": {"city": "Lisbon"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_01", "content": "18 °C and sunny"}
    yield "text", {"messages": [text]}
    yield "system", {"system": "Answer in one sentence.", "temperature": 0, "messages": [text]}
    greeting = (_turn("user", "Hello!"), _turn("assistant", "Hello. Ask me."))
    yield "multi-turn", {"messages": [*greeting, text]}
    image_and_text = [{"type": "image", "source": image}, {"type": "text", "text": "…"}]
    yield "image", {"messages": [_turn("user", image_and_text)]}
    yield "tool-use", {"tools": [tool], "tool_choice": {"type": "auto"}, "messages": [weather]}
    yield (
        "tool-result",
        {"tools": [tool], "messages": [weather, _turn("assistant", [call]), _turn("user", [result])]},
    )


def _converse_shapes() -> Iterator[tuple[str, Record]]:
    schema = {
        "type": "json_schema",
        "structure": {"jsonSchema": {"name": "review", "schema": json.dumps(_REVIEW)}},
    }
    text = _turn("user", [{"text": "…"}])
    weather = _turn("user", [{"text": "What will the weather be in Lisbon?"}])
    tool = {"toolSpec": {"name": "get_weather", "inputSchema": {"json": _WEATHER}}}
    yield (
        "converse",
        {"messages": [text], "system": [{"text": "Be terse."}], "inferenceConfig": {"maxTokens": 256}},
    )
    yield "structured-output", {"messages": [text], "outputConfig": {"textFormat": schema}}
    yield "converse-tool", {"messages": [weather], "toolConfig": {"tools": [tool], "toolChoice": {"any": {}}}}


def _png() -> str:
    """A picture of one orange pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\x00\xff\x99\x00")
    return b64encode(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")
    ).decode()
