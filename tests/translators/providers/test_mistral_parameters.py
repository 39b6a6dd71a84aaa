"""How the answer is made: what Mistral is told of sampling and reasoning."""

import pytest

from tests.translators.providers.converse_records import HI, Json, asking
from tests.translators.providers.mistral_lines import LARGE, MAGISTRAL, SMALL, body, effects

THINKING = {"type": "enabled", "budget_tokens": 1024}


def parameters(record: Json, model: str = SMALL) -> Json:
    sent = body(record, model)
    del sent["messages"]
    return sent


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        (
            {"maxTokens": 1, "temperature": 0.0, "stopSequences": ["a"] * 9},
            {"max_tokens": 1, "temperature": 0.0, "stop": ["a"] * 9},
        ),
        ({"temperature": 0.3, "topP": 0.0}, {"temperature": 0.3, "top_p": 0.0}),
        ({"temperature": 0, "topP": 1}, {"temperature": 0.0, "top_p": 1.0}),
        ({"topP": 0.5}, {"top_p": 0.5}),
    ],
    ids=str,
)
def test_inference_is_told_in_mistral_s_words(asked: Json, sent: Json) -> None:
    record = HI | {"inferenceConfig": asked}
    assert parameters(record) == sent
    assert effects(record) == {}


def test_share_of_tokens_is_dropped_where_nothing_is_sampled() -> None:
    record = HI | {"inferenceConfig": {"temperature": 0, "topP": 0.9}}
    assert parameters(record) == {"temperature": 0.0}
    assert effects(record) == {"inferenceConfig.topP": "dropped"}


@pytest.mark.parametrize(
    ("asked", "sent", "noted"),
    [
        ({"seed": 0}, {"random_seed": 0}, {}),
        ({"seed": 1, "random_seed": 2}, {"random_seed": 2}, {"seed": "dropped"}),
        ({"top_k": 0, "presence_penalty": 0.0}, {"top_k": 0, "presence_penalty": 0.0}, {}),
        ({"logprobs": False, "safe_prompt": False}, {"logprobs": False, "safe_prompt": False}, {}),
        ({"prompt_mode": "reasoning"}, {"prompt_mode": "reasoning"}, {}),
        ({"prompt_mode": None}, {"prompt_mode": None}, {}),
        (
            {"min_p": 0.1, "logit_bias": {"1": 1}, "anthropic_beta": ["x"]},
            {},
            {"min_p": "dropped", "logit_bias": "dropped", "anthropic_beta": "dropped"},
        ),
        ({"parallel_tool_calls": True}, {}, {"parallel_tool_calls": "dropped"}),
    ],
    ids=str,
)
def test_what_mistral_knows_is_told_and_the_rest_noted(asked: Json, sent: Json, noted: Json) -> None:
    record = asking(**asked)
    assert parameters(record) == sent
    assert effects(record) == {f"additionalModelRequestFields.{name}": what for name, what in noted.items()}


def test_parallel_calls_are_told_where_there_are_tools() -> None:
    tools = {"tools": [{"toolSpec": {"name": "now", "inputSchema": {"json": {"type": "object"}}}}]}
    record = asking(parallel_tool_calls=False) | {"toolConfig": tools}
    assert body(record)["parallel_tool_calls"] is False


@pytest.mark.parametrize(
    ("asked", "model", "sent", "noted"),
    [
        ({"reasoning_effort": "high"}, SMALL, "high", {}),
        ({"reasoning_effort": "none"}, SMALL, "none", {}),
        ({"reasoning_effort": "minimal"}, SMALL, "high", {"reasoning_effort": "mapped"}),
        ({"thinking": THINKING}, SMALL, "high", {"thinking": "mapped"}),
        ({"thinking": {"type": "adaptive"}}, SMALL, None, {"thinking": "mapped"}),
        ({"thinking": {"type": "disabled"}}, SMALL, "none", {"thinking": "mapped"}),
        (
            {"thinking": {"type": "disabled"}, "reasoning_effort": "high"},
            SMALL,
            "none",
            {"reasoning_effort": "dropped", "thinking": "mapped"},
        ),
        ({"thinking": THINKING, "reasoning_effort": "none"}, SMALL, "none", {"thinking": "dropped"}),
        ({"reasoning_effort": "low"}, LARGE, None, {"reasoning_effort": "dropped"}),
        ({"reasoning_effort": "none"}, LARGE, None, {}),
        ({"thinking": THINKING}, MAGISTRAL, None, {"thinking": "dropped"}),
        ({"reasoning_effort": "none"}, MAGISTRAL, None, {"reasoning_effort": "dropped"}),
    ],
    ids=str,
)
def test_reasoning_is_told_in_the_words_that_the_model_knows(
    asked: Json, model: str, sent: str | None, noted: Json
) -> None:
    record = asking(**asked)
    assert parameters(record, model) == ({} if sent is None else {"reasoning_effort": sent})
    assert effects(record, model) == {
        f"additionalModelRequestFields.{name}": what for name, what in noted.items()
    }
