"""How much a model reasons, samples and writes: what OpenAI is told of it."""

from collections.abc import Mapping

import pytest

from tests.translators.providers.converse_records import HI, Json, asking, body, effects
from translators.errors import Refused

ADDED = "additionalModelRequestFields"


@pytest.mark.parametrize(
    ("model", "asked", "sent", "noted"),
    [
        ("o3", {"outputConfig": {"effort": "xhigh"}}, "high", {"outputConfig.effort": "mapped"}),
        ("gpt-5.2", {"outputConfig": {"effort": "max"}}, "xhigh", {"outputConfig.effort": "mapped"}),
        ("llama-4", {"outputConfig": {"effort": "max"}}, "max", {"outputConfig.effort": "mapped"}),
        ("gpt-4o", {"outputConfig": {"effort": "max"}}, None, {"outputConfig.effort": "dropped"}),
        ("gpt-5.1", {ADDED: {"reasoning_effort": "low"}}, "low", {}),
        ("gpt-5.1", {ADDED: {"reasoning_effort": "minimal"}}, "low", {f"{ADDED}.reasoning_effort": "mapped"}),
        (
            "gpt-5-nano",
            {ADDED: {"reasoning_effort": "none"}},
            "minimal",
            {f"{ADDED}.reasoning_effort": "mapped"},
        ),
        ("o3", {ADDED: {"reasoning_effort": "none"}}, "low", {f"{ADDED}.reasoning_effort": "mapped"}),
        ("gpt-4o", {ADDED: {"reasoning_effort": "none"}}, None, {}),
        (
            "o3",
            {ADDED: {"thinking": {"type": "enabled", "budget_tokens": 4096}}},
            "low",
            {f"{ADDED}.thinking": "mapped"},
        ),
        (
            "o3",
            {ADDED: {"thinking": {"type": "enabled", "budget_tokens": 16384}}},
            "medium",
            {f"{ADDED}.thinking": "mapped"},
        ),
        (
            "o3",
            {ADDED: {"thinking": {"type": "enabled", "budget_tokens": 16385}}},
            "high",
            {f"{ADDED}.thinking": "mapped"},
        ),
        ("o3", {ADDED: {"thinking": {"type": "adaptive"}}}, None, {f"{ADDED}.thinking": "mapped"}),
        (
            "o3",
            {ADDED: {"thinking": {"type": "adaptive"}}, "outputConfig": {"effort": "high"}},
            "high",
            {f"{ADDED}.thinking": "mapped", "outputConfig.effort": "mapped"},
        ),
        (
            "gpt-5.1",
            {ADDED: {"thinking": {"type": "disabled"}}, "outputConfig": {"effort": "high"}},
            "none",
            {f"{ADDED}.thinking": "mapped", "outputConfig.effort": "dropped"},
        ),
        (
            "o3",
            {
                ADDED: {"thinking": {"type": "enabled", "budget_tokens": 99_999}, "reasoning_effort": "low"},
                "outputConfig": {"effort": "high"},
            },
            "low",
            {f"{ADDED}.thinking": "dropped", "outputConfig.effort": "dropped"},
        ),
    ],
    ids=str,
)
def test_reasoning_is_asked_for_in_words_that_the_model_knows(
    model: str, asked: Json, sent: str | None, noted: Mapping[str, str]
) -> None:
    assert body(HI | asked, model).get("reasoning_effort") == sent
    assert effects(HI | asked, model) == noted


SAMPLING: Json = {
    "inferenceConfig": {"temperature": 0.0, "topP": 0.5},
    ADDED: {
        "presence_penalty": 0.0,
        "frequency_penalty": 1,
        "logit_bias": {"1": 2},
        "logprobs": True,
        "top_logprobs": 2,
    },
}
SAMPLED = {
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
}


@pytest.mark.parametrize(
    ("model", "effort", "accepted"),
    [
        ("gpt-4o", None, True),
        ("gpt-5-chat-latest", None, True),
        ("gpt-5", None, False),
        ("gpt-5.1", None, True),
        ("gpt-5.4", None, True),
        ("gpt-5.6-luna", None, False),
        ("gpt-5.6-luna", "none", True),
        ("gpt-5.1", "low", False),
        ("gpt-5.1", "none", True),
        ("gpt-5.4-mini", "high", False),
        ("o1", "low", False),
        ("mistral-large", "high", True),
    ],
)
def test_sampling_is_sent_to_models_that_take_it_and_noted_for_others(
    model: str, effort: str | None, accepted: bool
) -> None:
    request = HI | SAMPLING | {ADDED: SAMPLING[ADDED] | ({"reasoning_effort": effort} if effort else {})}
    assert SAMPLED & body(request, model).keys() == (SAMPLED if accepted else set())
    assert list(effects(request, model).values()) == ([] if accepted else ["dropped"] * len(SAMPLED))


@pytest.mark.parametrize(
    ("model", "takes"),
    [
        ("gpt-4o", True),
        ("o1", True),
        ("o3-mini", True),
        ("o3", False),
        ("o4-mini", False),
        ("gpt-5.1", False),
        ("qwen", True),
    ],
)
def test_stop_sequences_are_sent_or_the_record_is_refused(model: str, takes: bool) -> None:
    request = HI | {"inferenceConfig": {"stopSequences": ["a", "b", "c", "d"]}}
    if takes:
        assert body(request, model)["stop"] == ["a", "b", "c", "d"]
    else:
        with pytest.raises(Refused, match="the model takes no stop sequences"):
            body(request, model)


TOOLS: Json = {"toolConfig": {"tools": [{"toolSpec": {"name": "n", "inputSchema": {"json": {}}}}]}}


@pytest.mark.parametrize(
    ("model", "tools", "sent"),
    [("gpt-4o", TOOLS, False), ("o4-mini", TOOLS, None), ("gpt-4o", {}, None)],
    ids=str,
)
def test_parallel_tool_calls_are_forbidden_where_that_can_be_said(
    model: str, tools: Json, sent: bool | None
) -> None:
    request = asking(parallel_tool_calls=False) | tools
    assert body(request, model).get("parallel_tool_calls") is sent
    assert effects(request, model) == ({} if sent is False else {f"{ADDED}.parallel_tool_calls": "dropped"})


@pytest.mark.parametrize("name", ["seed", "user", "verbosity", "prompt_cache_key", "safety_identifier"])
def test_what_openai_knows_by_the_same_name_is_sent_as_it_is(name: str) -> None:
    assert body(asking(**{name: "x"}))[name] == "x"


@pytest.mark.parametrize("name", ["top_k", "min_p", "anthropic_beta"])
def test_what_only_others_know_is_dropped_and_noted(name: str) -> None:
    assert body(asking(**{name: 0})) == body(HI)
    assert effects(asking(**{name: 0})) == {f"{ADDED}.{name}": "dropped"}
