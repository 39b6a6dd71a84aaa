"""What of a chat-completions body is refused, and where."""

import json
from typing import Any

import pytest
from msgspec import Raw

from translators.bedrock.families import chat
from translators.errors import Refused


def refused(**members: Any) -> None:
    """Read a minimal body with these members."""
    body = {"messages": [{"role": "user", "content": "Hi"}]} | members
    chat.request(Raw(json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({"prompt": "x"}, "prompt: Extra inputs are not permitted"),
        ({"stream": True}, "stream: a batch streams nothing; accepted is false"),
        ({"n": 2}, "n: Input should be 1"),
        ({"max_tokens": 5, "max_completion_tokens": 6}, "max_completion_tokens: says 6, max_tokens says 5"),
        ({"temperature": 3}, "temperature: Expected `float` <= 2.0"),
        ({"modalities": ["text", "audio"]}, r"modalities\[1\]: Input should be 'text', got 'audio'"),
        ({"tool_choice": "required"}, "tool_choice: may only be specified while providing tools"),
        ({"tools": [{"type": "web_search"}]}, r"tools\[0\].type: Input should be 'function'"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]},
            r"tools\[0\].function.parameters: is not an object",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": "x"}}},
            "response_format.json_schema.schema: is not an object",
        ),
        ({"messages": []}, "messages: Expected `array` of length >= 1"),
        (
            {"messages": [{"role": "function", "content": "x"}]},
            r"messages\[0\].role: Input should be 'assistant'",
        ),
        (
            {"messages": [{"role": "user", "content": "x", "name": "Ann"}]},
            r"messages\[0\].name: participants",
        ),
        ({"messages": [{"role": "user", "content": "x", "foo": 1}]}, r"messages\[0\].foo: Extra inputs"),
    ],
    ids=str,
)
def test_what_cannot_be_said_is_refused_by_name(members: dict[str, Any], complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        refused(**members)


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        ({"type": "video_url"}, r"content\[0\].type: Input should be 'file' or 'image_url'"),
        (
            {"type": "image_url", "image_url": {"url": "https://a/b.png"}},
            r"content\[0\].image_url.url: an image by its",
        ),
        (
            {"type": "image_url", "image_url": "data:image/tiff;base64,AA"},
            r"content\[0\].image_url: 'image/tiff' is not",
        ),
        ({"type": "file", "file": {"file_id": "file-1"}}, r"content\[0\].file.file_id: a file that lies"),
        (
            {"type": "file", "file": {"file_data": "AA", "filename": "a.zip"}},
            r"content\[0\].file.file_data: is of no",
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AA", "format": "midi"}},
            r"content\[0\].input_audio.format: Input should be",
        ),
    ],
    ids=str,
)
def test_part_that_cannot_be_sent_is_refused_where_it_stands(part: dict[str, Any], complaint: str) -> None:
    with pytest.raises(Refused, match=r"messages\[0\]." + complaint):
        refused(messages=[{"role": "user", "content": [part]}])


@pytest.mark.parametrize("arguments", ["{", "[1]", '"x"', 5, None], ids=repr)
def test_arguments_that_are_no_object_are_refused(arguments: object) -> None:
    call = {"id": "1", "function": {"name": "f", "arguments": arguments}}
    with pytest.raises(
        Refused, match=r"messages\[0\].tool_calls\[0\].function.arguments: is not JSON of an object"
    ):
        refused(messages=[{"role": "assistant", "tool_calls": [call]}])
