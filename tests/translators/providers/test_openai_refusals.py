"""Records that cannot be expressed as a line of an OpenAI batch, and the field that says why."""

import pytest

from tests.translators.providers.converse_records import CALL, HI, PNG, Json, asking, body, result, said
from translators.bedrock.converse import ContentBlock, Message, Request
from translators.errors import Refused
from translators.providers.openai.models import CHAT


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (said({"guardContent": {"text": {"text": "x"}}}), "messages[0].content[0].guardContent"),
        (said({"text": "a"}, {"toolAddition": {"tool": {}}}), "messages[0].content[1].toolAddition"),
        (said({"toolRemoval": {"tool": {}}}), "messages[0].content[0].toolRemoval"),
        (said({"reasoningContent": {"redactedContent": "A"}}), "messages[0].content[0].reasoningContent"),
        (said(CALL), "messages[0].content[0].toolUse"),
        (said(PNG, role="assistant"), "messages[0].content[0].image"),
        (said(result(), role="assistant"), "messages[0].content[0].toolResult"),
        (said(PNG, role="system"), "messages[0].content[0].image"),
        (
            said(result({"video": {"format": "mp4", "source": {}}})),
            "messages[0].content[0].toolResult.content[0].video",
        ),
        (said(result(type="server_tool_use")), "messages[0].content[0].toolResult.type"),
        (
            said(
                {"toolUse": {"toolUseId": "t", "name": "n", "input": {}, "type": "server_tool_use"}},
                role="assistant",
            ),
            "messages[0].content[0].toolUse.type",
        ),
        (
            said({"image": {"format": "png", "source": {"bytes": "A"}, "error": {"message": "x"}}}),
            "messages[0].content[0].image.error",
        ),
        (
            said({"audio": {"format": "wav", "source": {"bytes": "A"}, "error": {}}}),
            "messages[0].content[0].audio.error",
        ),
        (said({"image": {"format": "png", "source": {}}}), "messages[0].content[0].image.source"),
        (
            said({"document": {"name": "d", "source": {"bytes": "AAAA"}}}),
            "messages[0].content[0].document.format",
        ),
        (
            said({"document": {"name": "d", "format": "txt", "source": {"bytes": "not base64"}}}),
            "messages[0].content[0].document.source.bytes",
        ),
        (
            said({"document": {"name": "d", "format": "md", "source": {"bytes": "/w=="}}}),
            "messages[0].content[0].document.source.bytes",
        ),
        (
            HI | {"system": [{"text": "a"}, {"guardContent": {"text": {"text": "x"}}}]},
            "system[1].guardContent",
        ),
        (
            HI | {"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}},
            "toolConfig.tools[0].systemTool",
        ),
        (
            HI | {"toolConfig": {"tools": [{"toolSpec": {"name": "n", "inputSchema": {"json": True}}}]}},
            "toolConfig.tools[0].toolSpec.inputSchema.json",
        ),
        (HI | {"promptVariables": {"city": {"text": "Bern"}}}, "promptVariables"),
        (HI | {"outputConfig": {"effort": "enormous"}}, "outputConfig.effort"),
        *(
            (
                HI
                | {
                    "outputConfig": {
                        "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema}}}
                    }
                },
                "outputConfig.textFormat.structure.jsonSchema.schema",
            )
            for schema in ("", "true", '{"type":' * 100_000)
        ),
        (asking(n=2), "additionalModelRequestFields.n"),
        (asking(stream=True), "additionalModelRequestFields.stream"),
        (asking(reasoning_effort=3), "additionalModelRequestFields.reasoning_effort"),
        (asking(thinking="on"), "additionalModelRequestFields.thinking"),
        (asking(thinking={"type": "enabled"}), "additionalModelRequestFields.thinking"),
        (asking(thinking={"type": "sometimes", "budget_tokens": 5}), "additionalModelRequestFields.thinking"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_record_that_cannot_be_expressed_is_refused_by_field(request_: Json, field: str) -> None:
    with pytest.raises(Refused) as refusal:
        body(request_)
    assert refusal.value.field == field


def test_block_without_a_member_is_refused() -> None:
    with pytest.raises(Refused, match=r"messages\[0\].content\[0\]: is an empty block"):
        CHAT.line("r-1", Request(messages=[Message(role="user", content=[ContentBlock()])]), "gpt-4o-mini")
