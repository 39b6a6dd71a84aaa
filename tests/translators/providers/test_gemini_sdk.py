"""The official SDK as judge: it knows every word that we send, and understands what we take for answers."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from google.genai import types
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

RECORDINGS = Path(__file__).parents[3] / "recordings" / "gemini"
SENT = sorted(RECORDINGS.glob("*/sent.json"))
RECEIVED = sorted(RECORDINGS.glob("*/received.json"))

NOT_GEMINI_S = {
    "finish-reason-as-a-number": "the SDK asks for words",
    "unknown-finish-reason": "the SDK knows the words of today",
}
"""Rows that Gemini's own types refuse, and why they are there all the same."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class GenerateContentRequest(Strict):
    """As the SDK puts it together; it has no type for the whole."""

    contents: list[types.Content]
    system_instruction: types.Content | None = None
    tools: list[types.Tool] | None = None
    tool_config: types.ToolConfig | None = None
    generation_config: types.GenerationConfig | None = None


class EmbedContentRequest(Strict):
    content: types.Content
    task_type: str | None = None
    output_dimensionality: int | None = None


class Line(Strict):
    key: str
    request: GenerateContentRequest | EmbedContentRequest


LINE = TypeAdapter(Line)


def case_of(file: Path) -> str:
    return file.parent.name


def verdict(file: Path) -> AbstractContextManager[object]:
    refused = pytest.raises((ValidationError, UserWarning, AttributeError))
    return refused if case_of(file) in NOT_GEMINI_S else nullcontext()


def judged(line: object) -> object:
    """The line as the SDK's types have it. Raises `ValidationError` for what they do not allow."""
    read = LINE.validate_json(json.dumps(line))
    return json.loads(read.model_dump_json(by_alias=True, exclude_unset=True))


def in_one_alphabet(value: object) -> object:
    """JSON in which base64 is the same in both its alphabets: the SDK writes the one for URLs."""
    if isinstance(value, dict):
        return {key: in_one_alphabet(member) for key, member in value.items()}
    if isinstance(value, list):
        return [in_one_alphabet(item) for item in value]
    return value.translate(str.maketrans("-_", "+/")) if isinstance(value, str) else value


@pytest.mark.parametrize("file", SENT, ids=case_of)
def test_line_is_one_in_the_sdk_s_words(file: Path) -> None:
    line = json.loads(file.read_bytes())
    assert in_one_alphabet(judged(line)) == in_one_alphabet(line)


HI: dict[str, object] = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


@pytest.mark.parametrize(
    "change",
    [
        {"system": "x"},
        {"generationConfig": {"stop": ["x"]}},
        {"generationConfig": {"thinkingConfig": {"budget": 5}}},
        {"generationConfig": {"responseSchema": {"type": "OBJECT", "multipleOf": 2}}},
        {"contents": [{"role": "user", "parts": [{"text": "Hi", "cache": 1}]}]},
        {"contents": [{"role": "user", "parts": [{"inlineData": {"mime": "x", "data": "AAAA"}}]}]},
        {"tools": [{"functionDeclarations": [{"name": "f", "inputSchema": {}}]}]},
        {"toolConfig": {"functionCallingConfig": {"tool": "x"}}},
    ],
    ids=str,
)
def test_judge_refuses_what_the_sdk_does_not_know(change: Mapping[str, object]) -> None:
    assert judged({"key": "0", "request": HI}) == {"key": "0", "request": HI}
    with pytest.raises(ValidationError):
        judged({"key": "0", "request": {**HI, **change}})


@pytest.mark.parametrize("file", RECEIVED, ids=case_of)
def test_recorded_row_is_one_the_sdk_understands(file: Path) -> None:
    row: dict[str, Any] = json.loads(file.read_bytes())
    shape: type[BaseModel] = types.JobError
    if "response" in row:
        embedded = "embedding" in row["response"]
        shape = types.SingleEmbedContentResponse if embedded else types.GenerateContentResponse
    said = row.get("response", row.get("error", row.get("status", {})))
    with verdict(file):
        assert shape.model_validate_json(json.dumps(said), extra="ignore")
