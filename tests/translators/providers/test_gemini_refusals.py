"""What Gemini cannot be asked: each record is refused with the field that is wrong and what is accepted."""

from typing import Any

import pytest

from tests.translators.providers.converse_records import CALL, HI, asking, hub, result, said
from translators.bedrock.converse import ContentBlock, Message, Request, ToolResultContent
from translators.errors import Refused
from translators.providers.gemini.parts import parts
from translators.providers.gemini.request import line

S3 = {"s3Location": {"uri": "s3://bucket/key"}}


def schema(text: str) -> dict[str, Any]:
    structure = {"jsonSchema": {"schema": text}}
    return HI | {"outputConfig": {"textFormat": {"type": "json_schema", "structure": structure}}}


def tool(spec: dict[str, Any]) -> dict[str, Any]:
    return HI | {"toolConfig": {"tools": [spec]}}


def after_a_call(block: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "assistant", "content": [CALL]}, {"role": "user", "content": [block]}]}


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (
            said({"image": {"format": "gif", "source": {"bytes": "R0lG"}}}),
            "messages[0].content[0].image.format",
        ),
        (said({"image": {"format": "png", "source": S3}}), "messages[0].content[0].image.source.s3Location"),
        (said({"image": {"format": "png", "source": {}}}), "messages[0].content[0].image.source"),
        (
            said({"image": {"format": "png", "source": {"bytes": "AAAA"}, "error": {"message": "gone"}}}),
            "messages[0].content[0].image.error",
        ),
        (said({"video": {"format": "mp4", "source": S3}}), "messages[0].content[0].video.source.s3Location"),
        (
            said({"audio": {"format": "mp3", "source": {"bytes": "AAAA"}, "error": {}}}),
            "messages[0].content[0].audio.error",
        ),
        (
            said({"document": {"name": "d", "format": "txt", "source": {"bytes": "/w=="}}}),
            "messages[0].content[0].document.source.bytes",
        ),
        (said({"guardContent": {"text": {"text": "g"}}}), "messages[0].content[0].guardContent"),
        (said(CALL), "messages[0].content[0].toolUse"),
        (
            said({"text": "Hi"}, {"image": {"format": "png", "source": {"bytes": "A"}}}, role="assistant"),
            "messages[0].content[1].image",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"text": "Hi"}]},
                    {"role": "system", "content": [CALL]},
                ]
            },
            "messages[1].content[0].toolUse",
        ),
        (after_a_call(result(type="server")), "messages[1].content[0].toolResult.type"),
        (
            after_a_call({"toolResult": {"toolUseId": "t2", "content": []}}),
            "messages[1].content[0].toolResult.toolUseId",
        ),
        (
            said(
                {"toolUse": {"toolUseId": "t", "name": "n", "input": {}, "type": "server"}}, role="assistant"
            ),
            "messages[0].content[0].toolUse.type",
        ),
        (
            said({"toolUse": {"toolUseId": "t", "name": "n", "input": [1]}}, role="assistant"),
            "messages[0].content[0].toolUse.input",
        ),
        (HI | {"system": [{"guardContent": {"text": {"text": "g"}}}]}, "system[0].guardContent"),
        (tool({"systemTool": {"name": "grounding"}}), "toolConfig.tools[0].systemTool"),
        (
            tool({"toolSpec": {"name": "n", "inputSchema": {"json": True}}}),
            "toolConfig.tools[0].toolSpec.inputSchema.json",
        ),
        (schema("[]"), "outputConfig.textFormat.structure.jsonSchema.schema"),
        (HI | {"inferenceConfig": {"stopSequences": list("abcdef")}}, "inferenceConfig.stopSequences"),
        (HI | {"outputConfig": {"effort": "huge"}}, "outputConfig.effort"),
        (asking(reasoning_effort="huge"), "additionalModelRequestFields.reasoning_effort"),
        (asking(thinking="yes"), "additionalModelRequestFields.thinking"),
        (asking(thinking={"type": "sometimes"}), "additionalModelRequestFields.thinking"),
        (asking(thinking={"type": "enabled"}), "additionalModelRequestFields.thinking"),
        (asking(n=2), "additionalModelRequestFields.n"),
        (asking(mirostat=2), "additionalModelRequestFields.mirostat"),
        (HI | {"promptVariables": {"a": {"text": "b"}}}, "promptVariables"),
        (
            HI | {"guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"}},
            "guardrailConfig",
        ),
        (said({"text": ""}), "messages"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_record_is_refused_with_the_field_that_is_wrong(record: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refusal:
        line("r-1", hub(record), "gemini-2.5-flash")
    assert refusal.value.field == field
    assert str(refusal.value) != field


def test_block_without_a_member_is_refused() -> None:
    with pytest.raises(Refused, match=r"messages\[0\].content\[0\]: is an empty block"):
        line("r-1", Request(messages=[Message("user", [ContentBlock()])]), "gemini-2.5-flash")


@pytest.mark.parametrize(
    "messages", [[], [Message("system", [ContentBlock("Be brief.")])]], ids=["none", "system"]
)
def test_record_in_which_nobody_says_anything_is_refused(messages: list[Message]) -> None:
    with pytest.raises(Refused, match="messages: hold nothing"):
        line("r-1", Request(messages=messages), "gemini-2.5-flash")


def test_part_of_a_tool_s_answer_without_a_member_is_refused() -> None:
    with pytest.raises(Refused, match=r"path: is an empty block"):
        parts(ToolResultContent(), "path", [])
