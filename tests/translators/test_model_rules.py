"""The table of model rules: every known name has a row, and what is asked of a model keeps to its row."""

import json
import re
from datetime import date
from itertools import product

import pytest
from anthropic._data.deprecated_models import DEPRECATED_MODELS
from msgspec import Raw

from tests.translators.model_names import NAMES, openai_shutdowns
from tests.translators.rule_judge import Json, refused
from translators.errors import RecordError
from translators.providers.registry import PROVIDERS
from translators.providers.rules.model_rules import ModelRules, RuleTable, override
from translators.translation import Route, Translator

NAMED = [(provider, name) for provider, names in NAMES.items() for name in names]
SCHEMA: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL: Json = {"name": "weather", "description": "The weather", "input_schema": SCHEMA}
ASKED = "Weather in Bern?"

CLAUDE: Json = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 4096,
    "temperature": 0.2,
    "top_p": 0.9,
    "messages": [{"role": "user", "content": ASKED}],
    "tools": [TOOL],
    "thinking": {"type": "enabled", "budget_tokens": 2048},
    "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
}
CONVERSE: Json = {
    "messages": [{"role": "user", "content": [{"text": ASKED}]}],
    "inferenceConfig": {"maxTokens": 4096, "temperature": 0.2, "topP": 0.9},
    "toolConfig": {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": SCHEMA}}}]},
    "outputConfig": {
        "effort": "high",
        "textFormat": {
            "type": "json_schema",
            "structure": {"jsonSchema": {"name": "city", "schema": json.dumps(SCHEMA)}},
        },
    },
}
CHAT: Json = {
    "messages": [{"role": "user", "content": ASKED}],
    "max_tokens": 4096,
    "temperature": 0.2,
    "top_p": 0.9,
    "tools": [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}],
    "reasoning_effort": "high",
    "response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": SCHEMA}},
}
RECORDS = {
    "claude": ("anthropic.claude-3-haiku-20240307-v1:0", "InvokeModel", CLAUDE),
    "converse": ("amazon.nova-2-lite-v1:0", "Converse", CONVERSE),
    "chat": ("openai.gpt-oss-20b-1:0", "InvokeModel", CHAT),
}
FIELD = re.compile(r"[a-zA-Z_]+([.\[][\w.\[\]]*)?: ")


def line_of(provider: str, model: str, dialect: str, **changes: object) -> Json | RecordError:
    """The line of a record with everything, or the record's error."""
    model_id, invocation, body = RECORDS[dialect]
    route = Route(
        model_id=model_id,
        invocation_type="Converse" if invocation == "Converse" else "InvokeModel",
        provider=provider,
        model=model,
    )
    return translated(route, body | changes)


def translated(route: Route, body: Json) -> Json | RecordError:
    translator = Translator(route)
    record = translator.read(b'{"modelInput":%s}' % json.dumps(body).encode())
    assert record is not None
    line = translator.line("r-1", record)
    if isinstance(line, RecordError):
        return line
    sent: Json = json.loads(line.data)
    return sent


@pytest.mark.parametrize(("provider", "model"), NAMED)
def test_every_known_name_has_a_row(provider: str, model: str) -> None:
    row = PROVIDERS[provider].models.row(model)
    assert row is not None
    assert re.search(r"\(20\d\d-\d\d-\d\d\)|\d\.\d", row.source)


@pytest.mark.parametrize("dialect", RECORDS)
@pytest.mark.parametrize(("provider", "model"), NAMED)
def test_a_record_of_everything_becomes_what_the_model_takes_or_an_error_of_a_field(
    provider: str, model: str, dialect: str
) -> None:
    line = line_of(provider, model, dialect)
    if isinstance(line, RecordError):
        assert FIELD.match(line.message)
    else:
        assert refused(provider, model, line) == []


@pytest.mark.parametrize("dialect", RECORDS)
@pytest.mark.parametrize(
    ("provider", "model"), [(provider, model) for provider, model in NAMED if provider == "openai"]
)
def test_a_deployment_takes_what_its_model_takes_at_azure(provider: str, model: str, dialect: str) -> None:
    line = line_of("azure", f"{model}-batch", dialect)
    if isinstance(line, RecordError):
        assert FIELD.match(line.message)
    else:
        assert refused("azure", f"{model}-batch", line) == []


@pytest.mark.parametrize("dialect", RECORDS)
@pytest.mark.parametrize("model", [*NAMES["anthropic"], *NAMES["gemini"]])
def test_a_model_takes_at_vertex_what_it_takes_at_its_vendor(model: str, dialect: str) -> None:
    line = line_of("vertex", model, dialect)
    if isinstance(line, RecordError):
        assert FIELD.match(line.message)
    else:
        assert refused("vertex", model, line) == []


NEW = {
    "openai": "gpt-9-nova",
    "anthropic": "claude-opus-9",
    "gemini": "gemini-9-helium",
    "mistral": "mistral-huge-2999",
    "cohere": "command-z",
    "groq": "somebody/something",
    "xai": "grok-9",
    "together": "somebody/something",
    "fireworks": "accounts/fireworks/models/something",
    "azure": "gpt-9-nova",
    "vertex": "claude-opus-9",
}


@pytest.mark.parametrize(("dialect", "provider"), [*product(RECORDS, NEW)])
def test_a_name_that_no_row_knows_is_treated_like_the_newest(dialect: str, provider: str) -> None:
    model = NEW[provider]
    assert PROVIDERS[provider].models.row(model) is None or provider == "cohere"
    line = line_of(provider, model, dialect)
    assert isinstance(line, RecordError) or refused(provider, model, line) == []


def test_a_foreign_name_at_a_compatible_server_gets_what_was_asked() -> None:
    line = line_of("openai", "llama-3.1-8b-instant", "chat")
    assert not isinstance(line, RecordError)
    asked = CHAT | {"model": "llama-3.1-8b-instant"}
    assert {name: line["body"][name] for name in asked} == asked


def test_openai_s_shutdowns_are_those_of_its_sdk() -> None:
    shutdowns = openai_shutdowns()
    assert len(shutdowns) > 60
    found = {name: PROVIDERS["openai"].models.rules(name).retires for name in shutdowns}
    assert found == {name: date.fromisoformat(day) for name, day in shutdowns.items()}
    assert all(
        PROVIDERS["openai"].models.rules(name).successor for name in shutdowns if "audio-mini" not in name
    )


def test_anthropic_s_retirements_are_those_of_its_sdk() -> None:
    for name, told in DEPRECATED_MODELS.items():
        month, day, year = re.fullmatch(r"(\w+) (\d+)\w\w, (\d{4})", told).groups()  # type: ignore[union-attr]
        retires = PROVIDERS["anthropic"].models.rules(name).retires
        assert retires is not None
        assert f"{retires:%B} {retires.day} {retires.year}" == f"{month} {day} {year}", name


def test_the_first_row_counts_and_changes_come_later() -> None:
    plain = ModelRules(names="a.*", source="none")
    table = RuleTable(
        [ModelRules(names="ab", source="none", stop=False), plain], ModelRules(names=".*", source="newest")
    )
    changes = (override("a*", {"stop": True, "sampling": "never"}), override("ab", {"sampling": "one"}))
    assert not table.rules("ab").stop
    assert table.rules("ac") is plain
    assert table.rules("b").source == "newest"
    assert (table.rules("ab", changes).stop, table.rules("ab", changes).sampling) == (True, "one")
    assert table.rules("b", changes).sampling == "always"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_section_can_change_a_row(provider: str) -> None:
    model = "claude-haiku-4-5" if provider in ("anthropic", "vertex") else "a-model"
    route = Route(
        model_id="amazon.nova-2-lite-v1:0",
        invocation_type="Converse",
        provider=provider,
        model=model,
        rules=(override("*", {"most_temperature": 0.5, "sampling": "always", "prefill": "refused"}),),
    )
    body = {"messages": CONVERSE["messages"], "inferenceConfig": {"temperature": 0.9}}
    sent = translated(route, body)
    assert not isinstance(sent, RecordError)
    assert '"temperature": 0.5' in json.dumps(sent)
    begun = {"messages": [*CONVERSE["messages"], {"role": "assistant", "content": [{"text": "It is"}]}]}
    error = translated(route, begun)
    assert isinstance(error, RecordError)
    assert error.message.startswith("messages[1]")


def test_a_body_of_the_provider_s_own_format_keeps_to_the_section_too() -> None:
    route = Route(
        model_id="openai.gpt-oss-20b-1:0",
        invocation_type="InvokeModel",
        provider="openai",
        model="gpt-4o-mini",
        rules=(override("gpt-4o*", {"sampling": "never", "efforts": ("low",)}),),
    )
    line = translated(route, {"messages": CHAT["messages"], "temperature": 1, "reasoning_effort": "max"})
    assert not isinstance(line, RecordError)
    assert line["body"].get("temperature") is None
    assert line["body"]["reasoning_effort"] == "low"


def test_raw_bodies_are_not_changed_by_what_no_rule_is_about() -> None:
    body = Raw(json.dumps({"messages": CHAT["messages"], "unheard_of": {"a": [1]}}).encode())
    line = PROVIDERS["openai"].native["openai.chat"].line("r-1", body, "gpt-4o-mini")
    assert json.loads(line.data)["body"]["unheard_of"] == {"a": [1]}
