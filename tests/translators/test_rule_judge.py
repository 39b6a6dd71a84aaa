"""Recorded requests are such as their models take; the judge refuses what they do not."""

import json
import re
from pathlib import Path

import pytest

from tests.translators.rule_judge import Json, asked, refused
from tests.translators.test_recordings import RECORDS, name_of, read
from translators.providers.registry import PROVIDERS

TEXTS = [
    case
    for case in RECORDS
    if (case / "sent.json").exists() and not re.search(r"embed", read(case / "meta.json")["model"])
]


@pytest.mark.parametrize("case", TEXTS, ids=name_of)
def test_a_recorded_request_is_one_that_the_model_takes(case: Path) -> None:
    model = read(case / "meta.json")["model"]
    assert refused(case.parent.name, model, read(case / "sent.json")) == []


@pytest.mark.parametrize("case", TEXTS, ids=name_of)
def test_an_answer_that_is_begun_and_not_continued_is_noted(case: Path) -> None:
    meta = read(case / "meta.json")
    roles = asked(case.parent.name, read(case / "sent.json")).roles
    rules = PROVIDERS[case.parent.name].models.rules(meta["model"])
    begun = rules.prefill == "starts over" and roles[-1] == "assistant"
    assert ({"field": "messages", "effect": "sent"} in meta.get("notes", [])) == begun


def chat(model: str, **members: object) -> Json:
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], **members}
    return {"custom_id": "0", "method": "POST", "url": "/v1/chat/completions", "body": body}


def claude(**members: object) -> Json:
    return {"params": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 64, **members}}


def gemini(**config: object) -> Json:
    return {"request": {"contents": [{"role": "user", "parts": []}], "generationConfig": config}}


TOOLS = [{"type": "function", "function": {"name": "now"}}]


@pytest.mark.parametrize(
    ("provider", "model", "line", "why"),
    [
        ("anthropic", "claude-haiku-4-5", claude(temperature=0, top_p=0), "temperature and top_p"),
        ("anthropic", "claude-haiku-4-5", claude(temperature=1.2), "the temperature 1.2"),
        ("anthropic", "claude-opus-4-8", claude(temperature=0), "has temperature"),
        ("anthropic", "claude-opus-5-5", claude(thinking={"type": "disabled"}), "disabled"),
        ("anthropic", "claude-opus-5-5", claude(tool_choice={"type": "any"}), "demands a tool call"),
        ("openai", "gpt-5.5", chat("gpt-5.5", reasoning_effort="low", tools=TOOLS), "beside an effort"),
        ("openai", "gpt-5.6-sol", chat("gpt-5.6-sol", tools=TOOLS), "beside an effort"),
        ("openai", "gpt-5.4", chat("gpt-5.4", reasoning_effort="low", temperature=0), "has temperature"),
        ("openai", "gpt-6-astra", chat("gpt-6-astra"), "/v1/responses"),
        ("openai", "gpt-5-nano", chat("gpt-5-nano", stop=["x"]), "stop sequences"),
        ("gemini", "gemini-3.8-flash", gemini(thinkingConfig={"thinkingLevel": "MINIMAL"}), "MINIMAL"),
        ("gemini", "gemini-2.5-flash", gemini(seed=2**40), "the seed"),
        ("gemini", "gemini-2.5-flash", gemini(maxOutputTokens=2**40), "tokens"),
    ],
)
def test_a_request_that_the_model_refuses_is_found(provider: str, model: str, line: Json, why: str) -> None:
    assert any(why in one for one in refused(provider, model, json.loads(json.dumps(line))))
