"""What becomes of a record that asks what its model does not take: sampling, seeds, limits, reasoning.

Each holds for every dialect that can say it, and for bodies in the provider's own format.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.translators.rule_judge import Json, asked, refused
from translators.bedrock.converse import Note
from translators.errors import RecordError
from translators.providers.batch_file import Line
from translators.providers.registry import PROVIDERS
from translators.translation import InvocationType, Route, Translator

TURNS = [{"role": "user", "content": [{"text": "Hi"}]}]
WORDS = [{"role": "user", "content": "Hi"}]

SAMPLED: dict[str, tuple[str, InvocationType, Json]] = {
    "converse": (
        "amazon.nova-lite-v1:0",
        "Converse",
        {"messages": TURNS, "inferenceConfig": {"maxTokens": 2000, "temperature": 0.5, "topP": 0.9}},
    ),
    "nova": (
        "amazon.nova-lite-v1:0",
        "InvokeModel",
        {
            "schemaVersion": "messages-v1",
            "messages": TURNS,
            "inferenceConfig": {"max_new_tokens": 2000, "temperature": 0.5, "top_p": 0.9},
        },
    ),
    "claude": (
        "anthropic.claude-3-haiku-20240307-v1:0",
        "InvokeModel",
        {
            "anthropic_version": "bedrock-2023-05-31",
            "messages": WORDS,
            "max_tokens": 2000,
            "temperature": 0.5,
            "top_p": 0.9,
        },
    ),
    "claude prompt": (
        "anthropic.claude-v2:1",
        "InvokeModel",
        {
            "prompt": "\n\nHuman: Hi\n\nAssistant:",
            "max_tokens_to_sample": 2000,
            "temperature": 0.5,
            "top_p": 0.9,
        },
    ),
    "llama": (
        "meta.llama3-8b-instruct-v1:0",
        "InvokeModel",
        {"prompt": "Hi", "max_gen_len": 2000, "temperature": 0.5, "top_p": 0.9},
    ),
    "mistral": (
        "mistral.mistral-7b-instruct-v0:2",
        "InvokeModel",
        {"prompt": "<s>[INST] Hi [/INST]", "max_tokens": 2000, "temperature": 0.5, "top_p": 0.9},
    ),
    "titan": (
        "amazon.titan-text-express-v1",
        "InvokeModel",
        {
            "inputText": "Hi",
            "textGenerationConfig": {"maxTokenCount": 2000, "temperature": 0.5, "topP": 0.9},
        },
    ),
    "command-r": (
        "cohere.command-r-v1:0",
        "InvokeModel",
        {"message": "Hi", "max_tokens": 2000, "temperature": 0.5, "p": 0.9},
    ),
    "chat": (
        "openai.gpt-oss-20b-1:0",
        "InvokeModel",
        {"messages": WORDS, "max_tokens": 2000, "temperature": 0.5, "top_p": 0.9},
    ),
}
"""Dialect → model id, type and body of a record with both kinds of sampling, as AWS's samples have them."""


def line_of(dialect: str, provider: str, model: str, body: Json | None = None) -> Line | RecordError:
    model_id, invocation, sampled = SAMPLED[dialect]
    route = Route(model_id=model_id, invocation_type=invocation, provider=provider, model=model)
    translator = Translator(route)
    record = translator.read(b'{"modelInput":%s}' % json.dumps(sampled if body is None else body).encode())
    assert record is not None
    return translator.line("r-1", record)


def sent_of(dialect: str, provider: str, model: str, body: Json | None = None) -> tuple[Json, list[Note]]:
    line = line_of(dialect, provider, model, body)
    assert isinstance(line, Line), line
    sent: Json = json.loads(line.data)
    assert refused(provider, model, sent) == []
    return sent, list(line.notes)


def effects(notes: list[Note]) -> set[str]:
    return {note.effect for note in notes}


ONE_OF_TWO = (
    "claude-opus-4-1",
    "claude-haiku-4-5",
    "claude-opus-4-5",
    "claude-sonnet-4-6",
    "claude-opus-4-6",
)


@pytest.mark.parametrize("dialect", SAMPLED)
@pytest.mark.parametrize("model", ONE_OF_TWO)
@pytest.mark.parametrize("provider", ["anthropic", "vertex"])
def test_of_temperature_and_top_p_the_second_is_dropped(provider: str, model: str, dialect: str) -> None:
    sent, notes = sent_of(dialect, provider, model)
    found = asked(provider, sent)
    assert (found.temperature, found.sampling) == (0.5, {"temperature"})
    assert [note.effect for note in notes if note.field in ("inferenceConfig.topP", "top_p")] == ["dropped"]


@pytest.mark.parametrize("dialect", SAMPLED)
@pytest.mark.parametrize(
    ("provider", "model", "taken"),
    [
        ("anthropic", "claude-opus-4-8", False),
        ("anthropic", "claude-opus-5-5", False),
        ("openai", "gpt-5.1", True),
        ("openai", "gpt-5.5", True),
        ("openai", "gpt-5.6-luna", False),
        ("openai", "gpt-6-astra", False),
        ("azure", "gpt-5.4-prod", True),
        ("gemini", "gemini-2.5-flash-lite", True),
        ("gemini", "gemini-3.8-flash", False),
    ],
)
def test_sampling_is_sent_to_the_models_that_take_it(
    provider: str, model: str, taken: bool, dialect: str
) -> None:
    sent, notes = sent_of(dialect, provider, model)
    assert bool(asked(provider, sent).sampling) == taken
    assert ("dropped" in effects(notes)) == (not taken)


@given(temperature=st.floats(0, 2))
def test_a_temperature_is_never_above_the_model_s(temperature: float) -> None:
    body = {"messages": WORDS, "max_tokens": 2000, "temperature": temperature}
    claude = {**body, "anthropic_version": "bedrock-2023-05-31"}
    for dialect, provider, model, asks in (
        ("chat", "anthropic", "claude-haiku-4-5", body),
        ("claude", "anthropic", "claude-haiku-4-5", claude),
        ("chat", "cohere", "command-a-03-2025", body),
        ("chat", "mistral", "mistral-large-latest", body),
    ):
        sent, notes = sent_of(dialect, provider, model, asks)
        most = PROVIDERS[provider].models.rules(model).most_temperature
        assert asked(provider, sent).temperature == min(temperature, most)
        assert ("mapped" in effects(notes)) == (temperature > most)


SEEDED = [
    ("gemini", "gemini-3.5-flash"),
    ("vertex", "gemini-3.5-flash"),
    ("openai", "gpt-4o-mini"),
    ("azure", "gpt-4o-mini"),
    ("mistral", "mistral-large-latest"),
    ("cohere", "command-a-03-2025"),
    ("groq", "llama-3.3-70b-versatile"),
    ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
]


@given(seed=st.integers(-(2**70), 2**70), limit=st.integers(1, 2**40))
@pytest.mark.parametrize(("provider", "model"), SEEDED)
def test_seeds_and_limits_are_in_the_provider_s_range(
    provider: str, model: str, seed: int, limit: int
) -> None:
    body = {
        "messages": TURNS,
        "inferenceConfig": {"maxTokens": limit},
        "additionalModelRequestFields": {"seed": seed},
    }
    line = line_of("converse", provider, model, body)
    assert isinstance(line, Line)
    sent = json.loads(line.data)
    assert refused(provider, model, sent) == []
    rules = PROVIDERS[provider].models.rules(model)
    noted = {note.field for note in line.notes if note.effect == "mapped"}
    field = "additionalModelRequestFields.seed"
    assert (field in noted) == (not rules.seeds[0] <= seed <= rules.seeds[1])
    if limit > (rules.most_tokens or 2**31 - 1):
        assert "inferenceConfig.maxTokens" in noted


@pytest.mark.parametrize("seed", ["x", 1.5, True, [1]])
def test_a_seed_that_is_no_whole_number_is_refused_where_it_would_fail_the_call(seed: object) -> None:
    body = {"messages": TURNS, "additionalModelRequestFields": {"seed": seed}}
    error = line_of("converse", "gemini", "gemini-3.5-flash", body)
    assert isinstance(error, RecordError)
    assert error.message.startswith("additionalModelRequestFields.seed: ")


BEGUN = {"role": "assistant", "content": "{"}
BEGINNING: dict[str, Json] = {
    "converse": {"messages": [*TURNS, {"role": "assistant", "content": [{"text": "{"}]}]},
    "nova": {
        "schemaVersion": "messages-v1",
        "messages": [*TURNS, {"role": "assistant", "content": [{"text": "{"}]}],
    },
    "claude": {
        "anthropic_version": "bedrock-2023-05-31",
        "messages": [*WORDS, BEGUN],
        "max_tokens": 2000,
    },
    "claude prompt": {"prompt": "\n\nHuman: Hi\n\nAssistant: {", "max_tokens_to_sample": 2000},
    "mistral": {"prompt": "<s>[INST] Hi [/INST] {", "max_tokens": 2000},
    "chat": {"messages": [*WORDS, BEGUN]},
}


@pytest.mark.parametrize("dialect", BEGINNING)
@pytest.mark.parametrize(
    ("provider", "model", "becomes"),
    [
        ("openai", "gpt-4o-mini", "sent"),
        ("openai", "gpt-6-astra", "sent"),
        ("openai", "llama-3.1-8b-instant", "sent"),
        ("azure", "gpt-4o-mini", "sent"),
        ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", "sent"),
        ("fireworks", "accounts/fireworks/models/llama-v3p3-70b-instruct", "sent"),
        ("xai", "grok-4.3", "sent"),
        ("cohere", "command-a-03-2025", "sent"),
        ("groq", "llama-3.3-70b-versatile", "continued"),
        ("mistral", "mistral-large-latest", "continued"),
        ("anthropic", "claude-haiku-4-5", "continued"),
        ("anthropic", "claude-sonnet-4-6", "refused"),
        ("anthropic", "claude-opus-5-5", "refused"),
        ("vertex", "claude-opus-5-5", "refused"),
        ("gemini", "gemini-3.5-flash", "continued"),
        ("gemini", "gemini-3.5-flash-lite", "refused"),
        ("gemini", "gemini-3.6-flash", "refused"),
        ("gemini", "gemini-3.8-flash", "refused"),
    ],
)
def test_an_answer_that_is_begun(provider: str, model: str, becomes: str, dialect: str) -> None:
    line = line_of(dialect, provider, model, BEGINNING[dialect])
    if becomes == "refused":
        assert isinstance(line, RecordError)
        assert line.message.startswith("messages[1]: ")
        return
    assert isinstance(line, Line)
    noted = any(note.field == "messages" and note.effect == "sent" for note in line.notes)
    assert noted == (becomes == "sent")


REASONING: dict[str, Json] = {
    "converse": {
        "messages": TURNS,
        "inferenceConfig": {"maxTokens": 30_000},
        "outputConfig": {"effort": "medium"},
    },
    "nova": {
        "schemaVersion": "messages-v1",
        "messages": TURNS,
        "inferenceConfig": {"maxTokens": 30_000},
        "reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"},
    },
    "chat": {"messages": WORDS, "max_tokens": 30_000, "reasoning_effort": "medium"},
}


@pytest.mark.parametrize("dialect", REASONING)
@pytest.mark.parametrize(
    ("model", "thinking", "effort"),
    [
        ("claude-haiku-4-5", {"type": "enabled", "budget_tokens": 8192}, None),
        ("claude-sonnet-4-5", {"type": "enabled", "budget_tokens": 8192}, None),
        ("claude-opus-4-5", {"type": "enabled", "budget_tokens": 8192}, "medium"),
        ("claude-opus-4-6", {"type": "adaptive"}, "medium"),
        ("claude-opus-4-8", {"type": "adaptive"}, "medium"),
        ("claude-opus-5", {}, "medium"),
        ("claude-opus-5-5", {}, "medium"),
    ],
)
def test_reasoning_that_is_asked_for_is_given(
    model: str, thinking: Json, effort: str | None, dialect: str
) -> None:
    sent, _ = sent_of(dialect, "anthropic", model, REASONING[dialect])
    found = asked("anthropic", sent)
    assert (found.thinking, found.effort) == (thinking, effort)


def test_reasoning_without_room_for_it_is_dropped_with_a_note() -> None:
    body = REASONING["converse"] | {"inferenceConfig": {"maxTokens": 1000}}
    sent, notes = sent_of("converse", "anthropic", "claude-haiku-4-5", body)
    assert asked("anthropic", sent).thinking == {}
    assert ("outputConfig.effort", "dropped") in {(note.field, note.effect) for note in notes}


TOOL: Json = {"toolSpec": {"name": "now", "inputSchema": {"json": {"type": "object"}}}}


@pytest.mark.parametrize(
    ("model", "effort", "endpoint"),
    [
        ("gpt-5.2", "low", "usual"),
        ("gpt-5.4", None, "usual"),
        ("gpt-5.4", "low", "responses"),
        ("gpt-5.6-sol", None, "responses"),
        ("gpt-5.6-sol", "none", "usual"),
        ("gpt-6-luna", "high", "responses"),
        ("gpt-6-astra", None, "responses"),
        ("gpt-5-pro", "low", "responses"),
        ("gpt-9-nova", None, "responses"),
        ("gpt-oss-20b", "low", "usual"),
    ],
)
def test_tools_of_a_model_that_reasons_take_the_endpoint_that_has_both(
    model: str, effort: str | None, endpoint: str
) -> None:
    extra = {} if effort is None else {"additionalModelRequestFields": {"reasoning_effort": effort}}
    sent, _ = sent_of(
        "converse", "openai", model, {"messages": TURNS, "toolConfig": {"tools": [TOOL]}, **extra}
    )
    assert asked("openai", sent).endpoint == endpoint


@pytest.mark.parametrize("forced", [{"any": {}}, {"tool": {"name": "now"}}])
@pytest.mark.parametrize(
    "model", ["claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5-1", "claude-opus-9"]
)
def test_a_demanded_call_is_refused_where_the_model_refuses_it(model: str, forced: Json) -> None:
    body = {"messages": TURNS, "toolConfig": {"tools": [TOOL], "toolChoice": forced}}
    for provider in ("anthropic", "vertex"):
        error = line_of("converse", provider, model, body)
        assert isinstance(error, RecordError)
        assert error.message.startswith("toolConfig.toolChoice: ")


@pytest.mark.parametrize(("limit", "noted"), [(50, True), (1023, True), (1024, False), (None, False)])
@pytest.mark.parametrize(
    ("provider", "model", "thinks"),
    [
        ("anthropic", "claude-opus-5-5", True),
        ("anthropic", "claude-opus-4-8", False),
        ("openai", "gpt-5-mini", True),
        ("openai", "gpt-5.1", False),
        ("openai", "gpt-4o-mini", False),
        ("gemini", "gemini-2.5-flash", True),
        ("gemini", "gemini-2.5-flash-lite", False),
        ("gemini", "gemini-3.8-flash", True),
        ("groq", "openai/gpt-oss-20b", True),
        ("mistral", "magistral-medium-latest", True),
    ],
)
def test_a_limit_that_thinking_may_spend_is_noted(
    provider: str, model: str, thinks: bool, limit: int | None, noted: bool
) -> None:
    inference = {} if limit is None else {"inferenceConfig": {"maxTokens": limit}}
    line = line_of("converse", provider, model, {"messages": TURNS, **inference})
    assert isinstance(line, Line)
    found = [note for note in line.notes if note.effect == "sent"]
    assert [note.field for note in found] == (["inferenceConfig.maxTokens"] if noted and thinks else [])


@pytest.mark.parametrize("provider", ["anthropic", "vertex"])
def test_system_messages_in_a_body_of_claude_s_are_hoisted(provider: str) -> None:
    told = {"role": "system", "content": [{"type": "text", "text": "Be terse."}]}
    body: Json = {
        "anthropic_version": "bedrock-2023-05-31",
        "system": "Be kind.",
        "messages": [*WORDS, {"role": "assistant", "content": "Hi."}, told, *WORDS],
        "max_tokens": 2000,
    }
    sent, notes = sent_of("claude", provider, "claude-haiku-4-5", body)
    message = sent["params"] if provider == "anthropic" else sent["request"]
    assert [block["text"] for block in message["system"]] == ["Be kind.", "Be terse."]
    assert [turn["role"] for turn in message["messages"]] == ["user", "assistant", "user"]
    assert [note.field for note in notes] == ["messages.role"]
