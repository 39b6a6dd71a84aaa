"""Which dialect can say what to which provider: found by saying it, and written to `recordings/MATRIX.md`.

A cell is `yes` or `mapped` only when the record made the round: its line has everything in it and is one that
the official SDK would send, and what the provider answers is what the application reads.

WRITE_MATRIX=1 pytest tests/translators/test_matrix.py    writes the page anew
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest
from msgspec import Raw
from pydantic import ValidationError

from tests.translators.dialect_readers import ReadAnswer
from tests.translators.dialects import DIALECTS, FEATURES
from tests.translators.judges import JUDGES
from tests.translators.provider_formats import (
    FORMATS,
    Json,
    ModelAnswer,
    chat_vectors,
    cohere_vectors,
    gemini_vectors,
)
from tests.translators.rule_judge import refused
from translators.bedrock.families.registry import FAMILIES, Family
from translators.errors import RecordError
from translators.providers.batch_file import Line
from translators.providers.registry import PROVIDERS
from translators.translation import Route, Translator
from translators.wire import ModelOutput

PAGE = Path(__file__).parents[2] / "recordings" / "MATRIX.md"

MODELS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "anthropic": {"": "claude-haiku-4-5", "reasoning": "claude-opus-4-6"},
        "azure": {"": "gpt-4o-mini", "reasoning": "o4-mini", "embeddings": "text-embedding-3-large"},
        "cohere": {
            "": "command-a-03-2025",
            "reasoning": "command-a-reasoning-08-2025",
            "embeddings": "embed-v4.0",
        },
        "fireworks": {"": "accounts/fireworks/models/llama4-scout-instruct-basic"},
        "gemini": {"": "gemini-2.5-flash", "embeddings": "gemini-embedding-001"},
        "groq": {"": "meta-llama/llama-4-scout-17b-16e-instruct", "reasoning": "openai/gpt-oss-20b"},
        "mistral": {"": "mistral-small-latest", "embeddings": "mistral-embed"},
        "openai": {"": "gpt-4o-mini", "reasoning": "o4-mini", "embeddings": "text-embedding-3-large"},
        "together": {"": "meta-llama/Llama-4-Scout-17B-16E-Instruct", "reasoning": "openai/gpt-oss-20b"},
        "vertex": {"": "gemini-2.5-flash"},
        "xai": {"": "grok-4-1-fast-non-reasoning", "reasoning": "grok-3-mini"},
    }
)
"""The model that each provider is asked for, and others for features that it does not have."""

ANSWER = ModelAnswer(text="The answer.")
CALL = ("get_weather", {"city": "Bern"})
ANSWERS: Mapping[str, ModelAnswer] = MappingProxyType(
    {
        "tools": ModelAnswer(calls=(CALL,), end="calls"),
        "parallel tools": ModelAnswer(calls=(CALL, ("get_weather", {"city": "Rome"})), end="calls"),
        "reasoning": ModelAnswer(text="The answer.", reasoning="Let me think.", reasoned=30),
        "structured output": ModelAnswer(text='{"capital":"Bern"}'),
        "usage": ModelAnswer(text="The answer.", prompt=100, cached=40, answered=7, reasoned=3),
        "refusal, filter": ModelAnswer(text="The first line", end="filter"),
    }
)
"""The model's answer to a record, where it is not the plain one."""
VECTOR = (0.6, -0.8, 0.0)
VECTORS = MappingProxyType({"cohere": cohere_vectors, "gemini": gemini_vectors})


class Cell(NamedTuple):
    """What was found: `yes`, `mapped`, `dropped`, `no` or `-`, and the fields or the error behind it."""

    word: str
    why: str = ""


def cell(provider: str, dialect: str, feature: str) -> Cell:
    """The round of one record. Raises `AssertionError` when something is lost on the way unsaid."""
    spoken = DIALECTS[dialect]
    if feature not in spoken.bodies:
        return Cell("-")
    model = MODELS[provider].get(feature, MODELS[provider][""])
    route = Route(
        model_id=spoken.model_id,
        invocation_type=spoken.invocation_type,
        provider=provider,
        model=model,
    )
    body = Raw(json.dumps(spoken.bodies[feature]).encode())
    translator = Translator(route)
    record = translator.read(b'{"modelInput":%s}' % bytes(body))
    assert record is not None
    line = translator.line("r-1", record)
    if isinstance(line, RecordError):
        return Cell("no", line.message)
    sent = json.loads(line.data)
    assert feature == "embeddings" or refused(provider, model, sent) == []
    if not accepted(provider, dialect, sent, model):
        return Cell("no", "sent as it is; the provider refuses it, and its SDK has no such thing")
    assert all(word in json.dumps(sent, ensure_ascii=False) for word in FEATURES[feature])
    row = row_of(provider, feature)
    if row is None:
        return Cell("no", f"{provider} has no word for an answer that was withheld")
    output = Translator(route).model_output(body, json.dumps(row).encode())
    if isinstance(output, RecordError):
        return Cell("no", output.message)
    assert isinstance(output, ModelOutput)
    check(spoken.read_answer(json.loads(output.json)), feature, spoken.filtered)
    return noted(line)


def accepted(provider: str, dialect: str, sent: Json, model: str) -> bool:
    """Whether the SDK would send this line. Raises what the SDK says, unless the body was sent as it is."""
    family = FAMILIES[dialect]
    as_it_is = isinstance(family, Family) and family.wire in PROVIDERS[provider].native
    try:
        JUDGES[provider](sent, model)
    except (AssertionError, ValidationError):
        if not as_it_is:
            raise
        return False
    return True


def row_of(provider: str, feature: str) -> Json | None:
    """What the provider writes in answer; None when it cannot say such a thing."""
    if feature == "embeddings":
        return VECTORS.get(provider, chat_vectors)("r-1", [VECTOR])
    answer = ANSWERS.get(feature, ANSWER)
    return FORMATS[provider].row("r-1", answer) if answer.end in FORMATS[provider].ends else None


def check(found: ReadAnswer, feature: str, filtered: str) -> None:
    """Assert that the application reads what the model answered."""
    if feature == "embeddings":
        assert found.vectors == (VECTOR,)
        return
    answer = ANSWERS.get(feature, ANSWER)
    assert (found.text, found.calls) == (answer.text, answer.calls)
    assert found.reasoning == answer.reasoning
    assert found.prompt in (None, answer.prompt)
    assert found.output in (None, answer.answered + answer.reasoned)
    if filtered:  # other dialects have no word for it: a refusal is a text like any other
        assert (found.end == filtered) == (answer.end == "filter")


def noted(line: Line) -> Cell:
    notes = [note for note in line.notes if note.effect != "sent"]
    if not notes:
        return Cell("yes")
    word = "dropped" if any(note.effect == "dropped" for note in notes) else "mapped"
    return Cell(word, "; ".join(f"{note.field}: {note.detail}" for note in notes))


CELLS = [
    (provider, dialect, feature) for provider in PROVIDERS for dialect in FAMILIES for feature in FEATURES
]


@pytest.mark.parametrize("dialect", FAMILIES)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_record_makes_the_round_or_says_why_it_cannot(provider: str, dialect: str) -> None:
    assert dialect in DIALECTS, f"say in dialects.py what a record of {dialect} looks like"
    found = {feature: cell(provider, dialect, feature) for feature in FEATURES}
    assert all(one.why for one in found.values() if one.word not in {"yes", "-"})
    assert any(one.word != "-" for one in found.values())


def test_page_says_what_was_found() -> None:
    found = {one: cell(*one) for one in CELLS}
    text = "\n".join(page(found)) + "\n"
    if os.environ.get("WRITE_MATRIX"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, "WRITE_MATRIX=1 writes the page anew"


def page(found: Mapping[tuple[str, str, str], Cell]) -> Iterator[str]:
    yield from (
        "# What each dialect can say to each provider",
        "",
        "Written by `tests/translators/test_matrix.py`, which says each thing and reads the answer.",
        "",
        "* `yes`: said as it was asked, and the answer came home.",
        "* `mapped`: said in other words. `dropped`: said without what the provider has no word for.",
        "  Both are in the job's report, and in the list below the table.",
        "* `no`: the record becomes an error that names the field, as in the list below the table.",
        "* `-`: the dialect has no way to say it, or the matrix does not try.",
        "",
        "Every line is one that the model's row in the table of rules takes; *Rules of* says what the row",
        "rests on. *No source* lists what the provider's recordings show without one.",
    )
    for provider in sorted(PROVIDERS):
        models = MODELS[provider]
        others = "".join(f", {model} for {feature}" for feature, model in models.items() if feature)
        yield from ("", f"## {provider}", "", f"Asked: {models['']}{others}.")
        yield from ("", f"Rules of {models['']}: {PROVIDERS[provider].models.rules(models['']).source}.")
        yield from ("", f"No source: {', '.join(without_source(provider)) or 'none'}.", "")
        yield from table(provider, found)
        yield from remarks(provider, found)


CASES = MappingProxyType(
    {
        "text": "text",
        "system": "system-prompt",
        "multi-turn": "several-turns",
        "tools": "tool-call",
        "parallel tools": "parallel-tool-calls",
        "tool results": "tool-result-json",
        "images": "image",
        "documents": "pdf-document",
        "structured output": "structured-output",
        "stop sequences": "stop-sequences",
        "reasoning": "reasoning",
        "usage": "cached-tokens",
        "refusal, filter": "content-filter",
    }
)
"""The recording that shows each feature."""


def without_source(provider: str) -> Iterator[str]:
    """The features whose recording rests on no source."""
    for feature, case in CASES.items():
        meta = json.loads((PAGE.parent / provider / case / "meta.json").read_bytes())
        if "no source" in meta["rests_on"]:
            yield feature


def table(provider: str, found: Mapping[tuple[str, str, str], Cell]) -> Iterator[str]:
    yield f"| dialect | {' | '.join(FEATURES)} |"
    yield f"| --- | {' | '.join('---' for _ in FEATURES)} |"
    for dialect in FAMILIES:
        words = (found[provider, dialect, feature].word for feature in FEATURES)
        yield f"| {dialect} | {' | '.join(words)} |"


def remarks(provider: str, found: Mapping[tuple[str, str, str], Cell]) -> Iterator[str]:
    """Why, for all cells of one reason together."""
    reasons: dict[tuple[str, Cell], list[str]] = {}
    for (of, dialect, feature), one in found.items():
        if of == provider and one.why:
            reasons.setdefault((feature, one), []).append(dialect)
    yield ""
    for (feature, one), dialects in reasons.items():
        yield f"* {feature}, {one.word} ({listed(dialects)}): {one.why}"


def listed(dialects: Iterable[str]) -> str:
    return ", ".join(dialects)
