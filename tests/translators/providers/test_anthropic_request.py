"""Records as Anthropic's lines: what the recordings do not show already."""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import pytest

from tests.translators.providers.converse_records import CALL, HI, PDF, PNG, Json, asking, hub, result, said
from translators.errors import Refused
from translators.providers.anthropic.request import line

HAIKU = "claude-haiku-4-5"
OLD = "claude-opus-4-5-20251101"
TOOLS = {"tools": [{"toolSpec": {"name": "now", "inputSchema": {"json": {"type": "object"}}}}]}


def params(record: Json, model: str = HAIKU) -> Json:
    """What the record's line asks. Raises `Refused`."""
    sent: Json = json.loads(line("r-1", hub(record), model).data)["params"]
    return sent


def effects(record: Json, model: str = HAIKU) -> dict[str, str]:
    """What is noted about the record, beside the limit that is not said."""
    notes = line("r-1", hub(record), model).notes
    return {note.field: note.effect for note in notes if note.field != "inferenceConfig.maxTokens"}


def refusal(record: Json, model: str = HAIKU) -> str:
    with pytest.raises(Refused) as refused:
        line("r-1", hub(record), model)
    return str(refused.value)


def blocks(record: Json) -> Any:
    """The content of the last message that is sent."""
    return params(record)["messages"][-1]["content"]


def test_line_is_a_custom_id_and_params() -> None:
    assert json.loads(line("r-1", hub(HI), HAIKU).data) == {
        "custom_id": "r-1",
        "params": {
            "model": HAIKU,
            "messages": [{"role": "user", "content": "Hi"}],
            "max_tokens": 64_000,
        },
    }


def test_record_is_not_changed_by_being_sent() -> None:
    record = hub(said({"text": "Hi"}, {"cachePoint": {"type": "default"}}) | {"toolConfig": TOOLS})
    assert line("r-1", record, HAIKU) == line("r-1", record, HAIKU)


@pytest.mark.parametrize(
    ("model", "most"),
    [
        ("claude-haiku-4-5", 64_000),
        ("claude-opus-4-1-20250805", 32_000),
        ("claude-sonnet-4-20250514", 64_000),
        ("claude-opus-4-6", 128_000),
        ("claude-mythos-preview", 128_000),
        ("claude-3-haiku-20240307", 4096),
        ("a-model-of-a-gateway", 4096),
    ],
)
def test_limit_that_is_not_said_is_the_model_s(model: str, most: int) -> None:
    assert params(HI, model)["max_tokens"] == most


def test_limit_that_a_beta_raises_is_sent_as_it_is() -> None:
    record = asking(anthropic_beta=["output-300k-2026-03-24"]) | {"inferenceConfig": {"maxTokens": 200_000}}
    assert params(record, "claude-opus-4-6")["max_tokens"] == 200_000
    assert effects(record, "claude-opus-4-6") == {}


@pytest.mark.parametrize(
    ("blocks_", "sent"),
    [
        ([{"text": "a"}, {"text": ""}], [{"type": "text", "text": "a"}]),
        (
            [{"text": "a"}, {"cachePoint": {"type": "default"}}],
            [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}],
        ),
        (
            [
                {
                    "guardContent": {
                        "image": {"format": "jpeg", "source": {"bytes": "iVBO"}},
                    }
                }
            ],
            [
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/jpeg", "data": "iVBO"},
                }
            ],
        ),
        (
            [
                {
                    "document": {
                        "name": "d",
                        "format": "md",
                        "source": {"bytes": b64encode("# Ü".encode()).decode()},
                    }
                }
            ],
            [
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "# Ü"},
                    "title": "d",
                }
            ],
        ),
    ],
    ids=["empty text", "cache point", "guarded image", "markdown"],
)
def test_what_a_user_says_becomes(blocks_: list[Json], sent: list[Json]) -> None:
    assert blocks(said(*blocks_)) == sent


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        ([], None),
        ([{"text": ""}], None),
        ([{"text": "a"}, {"json": [1]}], [{"type": "text", "text": "a"}, {"type": "text", "text": "[1]"}]),
        (
            [PDF],
            [
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
                    "title": "d",
                }
            ],
        ),
    ],
    ids=["nothing", "empty text", "text and JSON", "document"],
)
def test_what_a_tool_answers_becomes(content: list[Json], sent: object) -> None:
    (block,) = blocks(said(result(*content)))
    assert block.get("content") == sent
    assert "is_error" not in block


def test_cache_point_after_a_tool_s_answer_stays_with_it() -> None:
    content = blocks(said({"text": "Now?"}, result({"text": "9"}), {"cachePoint": {"type": "default"}}))
    assert [block["type"] for block in content] == ["tool_result", "text"]
    assert "cache_control" in content[0]


@pytest.mark.parametrize(
    ("cited", "citations"),
    [
        (
            {"title": "d", "location": {"documentPage": {"documentIndex": 1, "start": 2, "end": 3}}},
            {
                "type": "page_location",
                "cited_text": "",
                "document_index": 1,
                "document_title": "d",
                "start_page_number": 2,
                "end_page_number": 3,
            },
        ),
        (
            {"location": {"documentChunk": {"documentIndex": 1, "start": 2, "end": 3}}},
            {
                "type": "content_block_location",
                "cited_text": "",
                "document_index": 1,
                "document_title": None,
                "start_block_index": 2,
                "end_block_index": 3,
            },
        ),
        (
            {
                "title": "t",
                "source": "s",
                "sourceContent": [{"text": "q"}],
                "location": {"searchResultLocation": {"searchResultIndex": 1, "start": 2, "end": 3}},
            },
            {
                "type": "search_result_location",
                "cited_text": "q",
                "search_result_index": 1,
                "source": "s",
                "title": "t",
                "start_block_index": 2,
                "end_block_index": 3,
            },
        ),
        ({"title": "nowhere"}, None),
    ],
    ids=["page", "chunk", "search result", "nowhere"],
)
def test_citation_of_an_earlier_turn_goes_back(cited: Json, citations: Json | None) -> None:
    turn = {"citationsContent": {"content": [{"text": "a"}, {"text": "b"}], "citations": [cited]}}
    record = said(turn, role="assistant")
    (block,) = blocks(record)
    assert block == {"type": "text", "text": "ab"} | ({"citations": [citations]} if citations else {})
    assert bool(effects(record)) == (citations is None)


@pytest.mark.parametrize(
    "turn",
    [{"citationsContent": {}}, {"citationsContent": {"content": [{"text": ""}], "citations": [{}]}}],
    ids=str,
)
def test_citations_of_nothing_are_left_out(turn: Json) -> None:
    record = said(turn, {"text": "Hi"}, role="assistant")
    assert blocks(record) == [{"type": "text", "text": "Hi"}]
    assert effects(record) == {"messages.content.text": "dropped"}


@pytest.mark.parametrize(
    "reasoning",
    [
        {"reasoningText": {"text": "hm"}},
        {"reasoningText": {"text": "hm", "signature": ""}},
        {"redactedContent": "gICA"},
        {"redactedContent": "not base64"},
    ],
    ids=str,
)
def test_reasoning_that_claude_has_not_signed_is_left_out(reasoning: Json) -> None:
    record = said({"reasoningContent": reasoning}, {"text": "Hi"}, role="assistant")
    assert blocks(record) == [{"type": "text", "text": "Hi"}]
    assert effects(record) == {"messages.content.reasoningContent": "dropped"}


@pytest.mark.parametrize(
    ("system", "sent"),
    [
        ([{"text": "a"}], "a"),
        ([{"text": "a"}, {"text": ""}], "a"),
        ([{"text": ""}], None),
        ([{"guardContent": {"text": {"text": "a"}}}], "a"),
        ([{"text": "a"}, {"text": "b"}], [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),
    ],
    ids=str,
)
def test_system_prompt_becomes(system: list[Json], sent: object) -> None:
    record = hub(HI | {"system": [{"text": "x"}] * len(system)})
    assert record.system is not None
    for block, wanted in zip(record.system, system, strict=True):
        block.text = wanted.get("text")  # Converse takes no empty text; other dialects do
        if "guardContent" in wanted:
            block.guard_content = hub(said(wanted)).messages[0].content[0].guard_content
    assert json.loads(line("r-1", record, HAIKU).data)["params"].get("system") == sent


TOLD = {"role": "system", "content": [{"text": "Be terse."}]}
SAID = {"role": "assistant", "content": [{"text": "Hi."}]}


def test_system_message_after_the_user_s_stays_there_where_the_model_takes_it() -> None:
    record = {"messages": [*HI["messages"], TOLD]}
    asked = params(record, "claude-opus-5-5")
    assert [message["role"] for message in asked["messages"]] == ["user", "system"]
    assert "messages.role" not in effects(record, "claude-opus-5-5")


@pytest.mark.parametrize(
    ("model", "turns", "note"),
    [
        (HAIKU, [*HI["messages"], TOLD], "mapped"),
        (HAIKU, [*HI["messages"], SAID, TOLD, *HI["messages"]], "mapped"),
        ("claude-opus-5-5", [*HI["messages"], SAID, TOLD, *HI["messages"]], "mapped"),
        ("claude-opus-5-5", [TOLD, *HI["messages"]], None),
        (HAIKU, [TOLD, *HI["messages"]], None),
    ],
)
def test_system_message_elsewhere_is_a_part_of_the_system_prompt(
    model: str, turns: list[Json], note: str | None
) -> None:
    record = {"system": [{"text": "Be kind."}], "messages": turns}
    asked = params(record, model)
    assert [message["role"] for message in asked["messages"]] == [
        turn["role"] for turn in turns if turn is not TOLD
    ]
    assert [block["text"] for block in asked["system"]] == ["Be kind.", "Be terse."]
    assert effects(record, model).get("messages.role") == note


@pytest.mark.parametrize(
    ("extra", "config", "choice"),
    [
        ({}, TOOLS, None),
        ({"parallel_tool_calls": True}, TOOLS, None),
        ({"parallel_tool_calls": False}, TOOLS, {"type": "auto", "disable_parallel_tool_use": True}),
        (
            {"parallel_tool_calls": False},
            TOOLS | {"toolChoice": {"tool": {"name": "now"}}},
            {"type": "tool", "name": "now", "disable_parallel_tool_use": True},
        ),
        ({"parallel_tool_calls": False}, TOOLS | {"toolChoice": {"none": {}}}, {"type": "none"}),
        ({"parallel_tool_calls": False}, None, None),
    ],
    ids=str,
)
def test_tool_choice_becomes(extra: Json, config: Json | None, choice: object) -> None:
    record = asking(**extra) | ({} if config is None else {"toolConfig": config})
    assert params(record).get("tool_choice") == choice


def test_long_names_of_tools_are_fitted_alike() -> None:
    record = hub(said(CALL, role="assistant") | {"toolConfig": TOOLS})
    assert record.tool_config is not None
    (spec,) = (tool.tool_spec for tool in record.tool_config.tools)
    call = record.messages[0].content[0].tool_use
    assert spec is not None
    assert call is not None
    spec.name = call.name = "n" * 100
    asked = line("r-1", record, HAIKU)
    sent = json.loads(asked.data)["params"]
    assert sent["tools"][0]["name"] == sent["messages"][0]["content"][0]["name"]
    assert len(sent["tools"][0]["name"]) == 64
    assert {note.field for note in asked.notes} >= {
        "messages.content.toolUse.name",
        "toolConfig.tools.toolSpec.name",
    }


@pytest.mark.parametrize(
    ("extra", "model", "sent"),
    [
        (
            {"reasoning_effort": "minimal"},
            OLD,
            {"output_config": {"effort": "low"}, "thinking": {"type": "enabled", "budget_tokens": 1024}},
        ),
        (
            {"reasoning_effort": "high"},
            OLD,
            {"output_config": {"effort": "high"}, "thinking": {"type": "enabled", "budget_tokens": 24_576}},
        ),
        (
            {"reasoning_effort": "max"},
            OLD,
            {"output_config": {"effort": "high"}, "thinking": {"type": "enabled", "budget_tokens": 32_768}},
        ),
        (
            {"reasoning_effort": "xhigh"},
            "claude-opus-4-6",
            {"output_config": {"effort": "high"}, "thinking": {"type": "adaptive"}},
        ),
        (
            {"reasoning_effort": "xhigh"},
            "claude-opus-4-7",
            {"output_config": {"effort": "xhigh"}, "thinking": {"type": "adaptive"}},
        ),
        ({"reasoning_effort": "none"}, OLD, {"thinking": {"type": "disabled"}}),
        ({"reasoning_effort": "none"}, "claude-fable-5", {}),
        (
            {"output_config": {"effort": "mild", "task": 1}},
            OLD,
            {"output_config": {"effort": "mild", "task": 1}},
        ),
        ({"output_config": {"effort": "low", "task": 1}}, HAIKU, {"output_config": {"task": 1}}),
        ({"output_config": {"effort": "low"}}, HAIKU, {}),
        ({"output_config": "odd"}, HAIKU, {"output_config": "odd"}),
        ({"thinking": {"type": "adaptive"}}, "claude-opus-4-6", {"thinking": {"type": "adaptive"}}),
        ({"thinking": {"type": "enabled"}}, "claude-opus-4-6", {"thinking": {"type": "enabled"}}),
        ({"thinking": {"type": "disabled"}}, "claude-opus-5", {"thinking": {"type": "disabled"}}),
        (
            {"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}},
            "claude-opus-5",
            {"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}},
        ),
        (
            {"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}},
            "claude-opus-5",
            {"output_config": {"effort": "max"}},
        ),
        ({"thinking": {"type": "dreaming"}}, HAIKU, {"thinking": {"type": "dreaming"}}),
        ({"thinking": "odd"}, HAIKU, {"thinking": "odd"}),
        ({"user": "ada", "metadata": {"team": 1}}, HAIKU, {"metadata": {"user_id": "ada", "team": 1}}),
        ({"n": 1, "seed": None, "unheard_of": [1]}, HAIKU, {"unheard_of": [1]}),
        ({"stop_sequences": ["x"], "max_tokens": 5}, HAIKU, {"stop_sequences": ["x"], "max_tokens": 5}),
    ],
    ids=str,
)
def test_additional_field_becomes(extra: Json, model: str, sent: Mapping[str, object]) -> None:
    asked = params(asking(**extra), model)
    beside = {"model", "messages", *({"max_tokens"} - extra.keys())}
    assert {name: value for name, value in asked.items() if name not in beside} == sent


def test_output_config_that_asks_nothing_is_not_sent() -> None:
    assert "output_config" not in params(HI | {"outputConfig": {}})


def test_schema_alone_is_sent_as_it_is() -> None:
    text_format = {"type": "json_schema", "structure": {"jsonSchema": {"schema": '{"type":"string"}'}}}
    record = HI | {"outputConfig": {"textFormat": text_format}}
    assert params(record)["output_config"] == {
        "format": {"type": "json_schema", "schema": {"type": "string"}}
    }
    assert effects(record) == {}


def test_description_of_a_schema_is_joined_to_its_own() -> None:
    schema = {"schema": '{"type":"string","description":"own"}', "description": "told"}
    text_format = {"type": "json_schema", "structure": {"jsonSchema": schema}}
    sent = params(HI | {"outputConfig": {"textFormat": text_format}})["output_config"]["format"]["schema"]
    assert sent["description"] == "told\n\nown"


@pytest.mark.parametrize(
    "record",
    [
        HI | {"requestMetadata": {"a": "b"}},
        HI | {"performanceConfig": {}},
        HI | {"serviceTier": {"type": "flex"}},
    ],
    ids=str,
)
def test_what_no_model_is_told_is_effects(record: Json) -> None:
    assert list(effects(record).values()) == ["dropped"]


@pytest.mark.parametrize(
    ("record", "said_"),
    [
        (said(), "messages: there is nothing in them"),
        (said({"image": {"format": "png", "source": {}}}), "image.source: has no bytes"),
        (
            said({"image": {"format": "png", "source": {"bytes": ""}, "error": {}}}),
            "image.error: the image is missing",
        ),
        (
            said({"document": {"name": "d", "source": {"bytes": "AAAA"}}}),
            "document.format: None is not one of pdf, txt, md, csv, html",
        ),
        (
            said({"document": {"name": "d", "format": "txt", "source": {"bytes": "/w=="}}}),
            "document.source.bytes: is not base64 of UTF-8 text",
        ),
        (said({"guardContent": {}}), "guardContent: is an empty block"),
        (said({"text": "a"}, {}), "messages[0].content[1]: is an empty block"),
        (said({"audio": {"format": "mp3", "source": {"bytes": "A"}}}), "audio: Claude takes no audio"),
        (said(CALL), "toolUse: has no place in a message of this role"),
        (said(PNG, role="assistant"), "image: has no place in a message of this role"),
        (said(PNG, role="system"), "image: has no place in a message of this role"),
        (
            said({"toolUse": CALL["toolUse"] | {"type": "server_tool_use"}}, role="assistant"),
            "toolUse.type: 'server_tool_use' is a tool of another provider's server",
        ),
        (
            said({"toolUse": CALL["toolUse"] | {"input": [1]}}, role="assistant"),
            "toolUse.input: is not an object",
        ),
        (said(result(type="server")), "toolResult.type: 'server' is a tool of another provider's server"),
        (
            said(result({"video": {"format": "mp4", "source": {"bytes": "A"}}})),
            "toolResult.content[0].video: Claude takes no video",
        ),
        (HI | {"system": [{"guardContent": {}}]}, "system[0]: accepted are texts and cache points"),
        (HI | {"promptVariables": {"a": {"text": "b"}}}, "promptVariables: fill a prompt"),
        (
            HI | {"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}},
            "toolConfig.tools[0].systemTool: only Bedrock runs tools of its own",
        ),
        (
            HI | {"toolConfig": {"tools": [{"toolSpec": {"name": "t", "inputSchema": {"json": 1}}}]}},
            "toolConfig.tools[0].toolSpec.inputSchema.json: is not an object",
        ),
        (
            HI
            | {
                "outputConfig": {
                    "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "[]"}}}
                }
            },
            "jsonSchema.schema: cannot be read as a JSON object",
        ),
        (asking(n=2), "additionalModelRequestFields.n: 2 answers asked for, a record has one"),
        (asking(parallel_tool_calls="no"), "parallel_tool_calls: 'no' is neither true nor false"),
        (asking(reasoning_effort="some"), "reasoning_effort: 'some' is not one of none, minimal, low"),
        (asking(messages=[]), "additionalModelRequestFields.messages: is said elsewhere"),
        (
            asking(user="a", metadata={"user_id": "b"}),
            "additionalModelRequestFields.metadata: is said elsewhere",
        ),
        (asking(anthropic_beta="a"), "anthropic_beta: 'a' is not a list of names"),
        (asking(anthropic_beta=["a,b"]), "anthropic_beta: 'a,b' is not the name of a beta feature"),
        (asking(anthropic_beta=["a\r\nx-api-key: b"]), "is not the name of a beta feature"),
        (asking(anthropic_beta=[5]), "anthropic_beta: 5 is not the name of a beta feature"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_record_is_refused_by_the_name_of_its_field(record: Json, said_: str) -> None:
    assert said_ in refusal(record)


@pytest.mark.parametrize(
    ("named", "group"),
    [([], ""), (["b", "a", "b"], "a,b"), (["tool-search-tool-2025-10-19"], "advanced-tool-use-2025-11-20")],
)
def test_betas_say_which_batch_a_line_goes_to(named: list[str], group: str) -> None:
    assert line("r-1", hub(asking(anthropic_beta=named)), HAIKU).group == group
    assert "anthropic_beta" not in params(asking(anthropic_beta=named))
