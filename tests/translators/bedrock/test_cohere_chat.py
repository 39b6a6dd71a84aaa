"""Cohere Command R: history, documents, tools, and answers that cite and call."""

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.translators.bedrock.converse_answers import THOUGHT, answered
from translators.bedrock.converse import (
    Citation,
    CitationLocation,
    CitationsContent,
    ContentBlock,
    ImageBlock,
    InDocument,
    InSearchResult,
    NotedRequest,
    OnWeb,
    Source,
    StopReason,
    TextBlock,
    ToolUseBlock,
    encode,
)
from translators.bedrock.families.cohere import chat
from translators.errors import Refused

WEATHER = {"name": "weather", "parameters": {"city": "Bern"}}
PARIS = {"name": "weather", "parameters": {"city": "Paris"}}
DOCUMENTS = [{"id": "alps", "title": "The Alps", "snippet": "They are high."}, {"text": "They are old."}]


def raw(body: dict[str, Any]) -> Raw:
    return Raw(json.dumps(body).encode())


def read(**body: Any) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(encode(chat.request(raw({"message": "Hi", **body}))))
    said.pop("notes", None)
    return said


def messages(**body: Any) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(turn["role"], turn["content"]) for turn in read(**body)["messages"]]


def use(use_id: str, call: dict[str, Any]) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": use_id, "name": call["name"], "input": call["parameters"]}}


def result(use_id: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"toolResult": {"toolUseId": use_id, "content": [{"json": output} for output in outputs]}}


def answer(*content: str | ContentBlock, body: dict[str, Any] | None = None, **how: Any) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(
        chat.output(answered(*content, **how), "", raw({"message": "Hi", **(body or {})}))
    )
    return written


def citing(*citations: Citation) -> ContentBlock:
    return ContentBlock(citations_content=CitationsContent([TextBlock("very high")], list(citations)))


def at(index: int) -> Citation:
    return Citation(location=CitationLocation(search_result_location=InSearchResult(index, 0, 1)))


def test_history_comes_before_the_message() -> None:
    history = [
        {"role": "SYSTEM", "message": "Be kind."},
        {"role": "USER", "message": "a"},
        {"role": "CHATBOT", "message": "b"},
    ]
    assert read(chat_history=history, preamble="Be terse.") == {
        "system": [{"text": "Be terse."}],
        "messages": [
            {"role": "system", "content": [{"text": "Be kind."}]},
            {"role": "user", "content": [{"text": "a"}]},
            {"role": "assistant", "content": [{"text": "b"}]},
            {"role": "user", "content": [{"text": "Hi"}]},
        ],
    }


def test_settings_are_taken_zero_too() -> None:
    said = read(
        max_tokens=9,
        temperature=0,
        p=0,
        k=5,
        seed=0,
        frequency_penalty=0,
        presence_penalty=0.5,
        stop_sequences=["|"],
    )
    assert said["inferenceConfig"] == {
        "maxTokens": 9,
        "temperature": 0.0,
        "topP": 0.0,
        "stopSequences": ["|"],
    }
    assert said["additionalModelRequestFields"] == {
        "top_k": 5,
        "seed": 0,
        "frequency_penalty": 0.0,
        "presence_penalty": 0.5,
    }


def test_what_is_switched_off_is_not_said() -> None:
    assert read(
        k=0,
        preamble="",
        tools=[],
        documents=[],
        stop_sequences=[],
        chat_history=[],
        search_queries_only=False,
        return_prompt=False,
        raw_prompting=False,
        prompt_truncation="OFF",
    ) == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


def test_cutting_a_long_record_is_noted_as_dropped() -> None:
    request = chat.request(raw({"message": "Hi", "prompt_truncation": "AUTO_PRESERVE_ORDER"}))
    assert isinstance(request, NotedRequest)
    assert [(note.field, note.effect) for note in request.notes] == [("prompt_truncation", "dropped")]


@pytest.mark.parametrize("name", ["search_queries_only", "return_prompt", "raw_prompting"])
def test_what_only_cohere_does_is_named(name: str) -> None:
    with pytest.raises(Refused, match=rf"{name}: .*accepted is false"):
        read(**{name: True})


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        (
            {"id": "alps", "title": "The Alps", "snippet": "High."},
            {"source": "alps", "title": "The Alps", "content": [{"text": "High."}]},
        ),
        ({"text": "Old."}, {"source": "doc_0", "title": "doc_0", "content": [{"text": "Old."}]}),
        (
            {"text": "Old.", "year": 1900, "author": "A", "_excludes": ["author"]},
            {"source": "doc_0", "title": "doc_0", "content": [{"text": "text: Old.\nyear: 1900"}]},
        ),
        (
            {"title": "Secret", "text": "Old.", "_excludes": ["title"]},
            {"source": "doc_0", "title": "doc_0", "content": [{"text": "Old."}]},
        ),
    ],
)
def test_documents_are_search_results_that_may_be_cited(
    document: dict[str, Any], shown: dict[str, Any]
) -> None:
    assert messages(documents=[document]) == [
        ("user", [{"searchResult": {**shown, "citations": {"enabled": True}}}, {"text": "Hi"}])
    ]


def test_tools_become_schemas() -> None:
    definitions = {
        "city": {"type": "str", "description": "Where", "required": True},
        "days": {"type": "List[int]"},
        "detail": {"type": "Dict[str, float]", "required": False},
    }
    tools = [
        {"name": "weather", "description": "Tells it", "parameter_definitions": definitions},
        {"name": "now", "description": ""},
    ]
    assert read(tools=tools)["toolConfig"]["tools"] == [
        {
            "toolSpec": {
                "name": "weather",
                "description": "Tells it",
                "inputSchema": {
                    "json": {
                        "type": "object",
                        "properties": {
                            "city": {"type": "string", "description": "Where"},
                            "days": {"type": "array", "items": {"type": "integer"}},
                            "detail": {"type": "object"},
                        },
                        "required": ["city"],
                    }
                },
            }
        },
        {"toolSpec": {"name": "now", "inputSchema": {"json": {"type": "object", "properties": {}}}}},
    ]


@pytest.mark.parametrize("kind", ["complex", "str[int]", "List[complex]"])
def test_type_without_counterpart_is_named(kind: str) -> None:
    tools = [{"name": "f", "parameter_definitions": {"x": {"type": kind}}}]
    with pytest.raises(Refused, match=r"tools\[0\]\.parameter_definitions\.x\.type: .* is not one of str"):
        read(tools=tools)


def test_results_answer_the_message_they_come_with() -> None:
    results = [
        {"call": WEATHER, "outputs": [{"t": 18}, {"t": 19}]},
        {"call": PARIS, "outputs": []},
    ]
    assert messages(tool_results=results) == [
        ("user", [{"text": "Hi"}]),
        ("assistant", [use("call_0_0", WEATHER), use("call_0_1", PARIS)]),
        ("user", [result("call_0_0", {"t": 18}, {"t": 19}), result("call_0_1")]),
    ]


def test_results_find_the_calls_of_the_turn_before_in_any_order() -> None:
    history = [
        {"role": "USER", "message": "Weather?"},
        {"role": "CHATBOT", "message": "I look.", "tool_calls": [WEATHER, PARIS, WEATHER]},
    ]
    results = [{"call": call, "outputs": [{"n": n}]} for n, call in enumerate([PARIS, WEATHER, WEATHER])]
    calls = [{"text": "I look."}, *(use(f"call_1_{n}", c) for n, c in enumerate([WEATHER, PARIS, WEATHER]))]
    answers = [result("call_1_1", {"n": 0}), result("call_1_0", {"n": 1}), result("call_1_2", {"n": 2})]
    assert messages(message="", chat_history=history, tool_results=results)[1:] == [
        ("assistant", calls),
        ("user", answers),
    ]
    history_with_results = [*history, {"role": "TOOL", "tool_results": results}]
    assert messages(chat_history=history_with_results)[1:] == [
        ("assistant", calls),
        ("user", answers),
        ("user", [{"text": "Hi"}]),
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": ""}, "message: is empty"),
        ({"message": None}, "message: "),
        (
            {"message": "", "tool_results": [{"call": WEATHER, "outputs": []}]},
            r"tool_results\[0\].call: is none of the calls",
        ),
        (
            {"chat_history": [{"role": "TOOL", "tool_results": [{"call": WEATHER, "outputs": []}]}]},
            r"chat_history\[0\].tool_results\[0\].call: is none of the calls",
        ),
        ({"chat_history": [{"role": "USER"}]}, r"chat_history\[0\].message: Field required"),
        ({"chat_history": [{"role": "BOT", "message": ""}]}, r"chat_history\[0\].role: "),
        ({"force_single_step": True}, "force_single_step: Extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        read(**body)


def test_answer_continues_the_history() -> None:
    history = [{"role": "USER", "message": "a", "user_name": "kept"}]
    assert answer(THOUGHT, "Hello.", body={"chat_history": history}) == {
        "response_id": "answer-1",
        "text": "Hello.",
        "generation_id": "answer-1",
        "chat_history": [
            *history,
            {"role": "USER", "message": "Hi"},
            {"role": "CHATBOT", "message": "Hello."},
        ],
        "finish_reason": "COMPLETE",
    }


def test_answer_calls_tools_and_can_be_continued() -> None:
    call = ContentBlock(tool_use=ToolUseBlock("x", "weather", Raw(b'{"city":"Bern"}')))
    written = answer("I look.", call, stop_reason="tool_use")
    assert written["tool_calls"] == [WEATHER]
    results = [{"call": WEATHER, "outputs": [{"t": 18}]}]
    body = {"message": "", "chat_history": written["chat_history"], "tool_results": results}
    assert messages(**body) == [
        ("user", [{"text": "Hi"}]),
        ("assistant", [{"text": "I look."}, use("call_1_0", WEATHER)]),
        ("user", [result("call_1_0", {"t": 18})]),
    ]
    assert answer("18.", body=body)["chat_history"][2:] == [
        {"role": "TOOL", "tool_results": results},
        {"role": "CHATBOT", "message": "18."},
    ]


def test_answer_to_results_can_be_continued_too() -> None:
    results = [{"call": WEATHER, "outputs": [{"t": 18}]}]
    history = answer("18.", body={"tool_results": results})["chat_history"]
    assert messages(message="And tomorrow?", chat_history=history) == [
        ("user", [{"text": "Hi"}]),
        ("assistant", [use("call_1_0", WEATHER)]),
        ("user", [result("call_1_0", {"t": 18})]),
        ("assistant", [{"text": "18."}]),
        ("user", [{"text": "And tomorrow?"}]),
    ]


def test_citations_name_documents_and_places_in_the_text() -> None:
    by_name = Citation(source="elsewhere")
    on_web = Citation(location=CitationLocation(web=OnWeb("https://example.com")))
    written = answer(
        "The Alps are ",
        citing(at(0), at(1), at(0)),
        ", ",
        citing(),
        citing(on_web, by_name),
        body={"documents": DOCUMENTS},
    )
    assert written["text"] == "The Alps are very high, very highvery high"
    assert written["citations"] == [
        {"start": 13, "end": 22, "text": "very high", "document_ids": ["alps", "doc_1"]},
        {"start": 33, "end": 42, "text": "very high", "document_ids": ["https://example.com", "elsewhere"]},
    ]


@pytest.mark.parametrize(
    "citation", [at(2), Citation(location=CitationLocation(document_char=InDocument(0, 0, 1)))]
)
def test_citation_of_something_nameless_is_left_out(citation: Citation) -> None:
    written = answer(citing(citation), body={"documents": DOCUMENTS})
    assert (written["text"], "citations" in written) == ("very high", False)


def test_image_cannot_be_shown() -> None:
    with pytest.raises(Refused, match=r"content\[0\]: image cannot be shown"):
        answer(ContentBlock(image=ImageBlock("png", Source(bytes="AAAA"))))


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop_sequence", "STOP_SEQUENCE"),
        ("max_tokens", "MAX_TOKENS"),
        ("content_filtered", "ERROR_TOXIC"),
        ("guardrail_intervened", "ERROR_TOXIC"),
        ("model_context_window_exceeded", "ERROR_LIMIT"),
        ("malformed_model_output", "ERROR"),
        ("malformed_tool_use", "ERROR"),
    ],
)
def test_finish_reason(reason: StopReason, expected: str) -> None:
    assert answer("Hi.", stop_reason=reason)["finish_reason"] == expected
