"""What translating a record costs, as a ratio to reading and writing the same bytes with orjson.

    uv run pytest tests/benchmarks/test_translation.py -s

Every dialect of texts to every provider. Both sides are measured in turns in one process, and the best
turn counts.
"""

import json
import timeit
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from translators.bedrock.families.registry import Family, families_of_model
from translators.bedrock.model_ids import parse
from translators.providers.batch_file import Line
from translators.providers.registry import PROVIDERS, provider
from translators.translation import InvocationType, Route, Translator

TEXT = (
    "Batch inference lets an application hand over many prompts and collect the answers some time later. " * 8
)
USER = {"role": "user", "content": TEXT}
BLOCKS = {"role": "user", "content": [{"text": TEXT}]}
CLAUDE = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 256,
    "temperature": 0.2,
    "messages": [USER],
}
CHAT = {"messages": [USER], "max_tokens": 256, "temperature": 0.2}
CONVERSE = {"messages": [BLOCKS], "inferenceConfig": {"maxTokens": 256, "temperature": 0.2}}
LLAMA = (
    f"<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n{TEXT}<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n"
)
DEEPSEEK = (
    f"<\uff5cbegin\u2581of\u2581sentence\uff5c><\uff5cUser\uff5c>{TEXT}<\uff5cAssistant\uff5c><think>\n"
)
TITAN = {"maxTokenCount": 256, "temperature": 0.2}

DIALECTS: dict[str, tuple[str, InvocationType, dict[str, Any]]] = {
    "claude": ("anthropic.claude-sonnet-4-5-20250929-v1:0", "InvokeModel", CLAUDE),
    "claude text": (
        "anthropic.claude-v2:1",
        "InvokeModel",
        {"prompt": f"\n\nHuman: {TEXT}\n\nAssistant:", "max_tokens_to_sample": 256},
    ),
    "nova": ("amazon.nova-lite-v1:0", "InvokeModel", CONVERSE),
    "converse": ("amazon.nova-lite-v1:0", "Converse", CONVERSE),
    "titan": (
        "amazon.titan-text-express-v1",
        "InvokeModel",
        {"inputText": f"User: {TEXT}\nBot:", "textGenerationConfig": TITAN},
    ),
    "command": ("cohere.command-text-v14", "InvokeModel", {"prompt": TEXT, "max_tokens": 256}),
    "command r": ("cohere.command-r-v1:0", "InvokeModel", {"message": TEXT, "max_tokens": 256}),
    "llama": ("meta.llama3-1-8b-instruct-v1:0", "InvokeModel", {"prompt": LLAMA, "max_gen_len": 256}),
    "mistral": (
        "mistral.mistral-large-2407-v1:0",
        "InvokeModel",
        {"prompt": f"<s>[INST] {TEXT} [/INST]", "max_tokens": 256},
    ),
    "deepseek": ("deepseek.r1-v1:0", "InvokeModel", {"prompt": DEEPSEEK, "max_tokens": 256}),
    "qwen chat": ("qwen.qwen3-32b-v1:0", "InvokeModel", CHAT),
    "gpt-oss chat": ("openai.gpt-oss-20b-1:0", "InvokeModel", CHAT),
    "mistral chat": ("mistral.mistral-large-2407-v1:0", "InvokeModel", CHAT),
    "jamba chat": ("ai21.jamba-1-5-mini-v1:0", "InvokeModel", CHAT),
}
MODELS = MappingProxyType(
    {"openai": "gpt-4o-mini", "anthropic": "claude-sonnet-4-5-20250929", "azure": "gpt-4o"}
)

SAME_FORMAT = 2.5
"""Budget of bodies in the provider's own format."""
DICT_SHAPED, CHAT_SHAPED, ONE_STRING = 4.0, 5.0, 10.0
"""Budgets through the hub. `orjson` does little but copy where a prompt is one string."""
_PROMPTS = frozenset({"claude text", "titan", "command", "command r", "llama", "mistral", "deepseek"})


def budget_of(dialect: str, body: dict[str, Any], *, same_format: bool) -> float:
    if same_format:
        return SAME_FORMAT
    if dialect in _PROMPTS:
        return ONE_STRING
    return CHAT_SHAPED if body is CHAT else DICT_SHAPED


def is_same_format(route: Route) -> bool:
    """Whether bodies of this route are in the provider's own format, and pass field by field."""
    if route.invocation_type == "Converse":
        return False
    native = provider(route.provider).native
    return all(
        isinstance(family, Family)
        and family.wire is not None
        and family.wire in native
        and native[family.wire].speaks(route.model)
        for family in families_of_model(parse(route.model_id))
    )


def best(work: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Seconds of one call of each, measured in turns."""
    turns = [(timeit.timeit(work, number=1_000), timeit.timeit(other, number=1_000)) for _ in range(15)]
    return min(first for first, _ in turns) / 1_000, min(second for _, second in turns) / 1_000


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_records_to_lines(name: str) -> None:
    print(f"\n{'':<16}{'':<12}  records/s    x orjson   budget")
    for dialect, (model_id, invocation_type, body) in DIALECTS.items():
        model = MODELS.get(name, "a-model")
        route = Route(model_id=model_id, invocation_type=invocation_type, provider=name, model=model)
        translator = Translator(route)
        line = json.dumps({"recordId": "REC00000001", "modelInput": body}, ensure_ascii=False).encode()

        def ours(line: bytes = line, translator: Translator = translator) -> None:
            record = translator.read(line)
            assert record is not None
            assert isinstance(translator.line("abcdefghij12-0", record), Line)

        def theirs(line: bytes = line) -> None:
            orjson.dumps(orjson.loads(line))

        seconds, orjson_seconds = best(ours, theirs)
        same_format = is_same_format(route)
        budget = budget_of(dialect, body, same_format=same_format)
        print(
            f"{dialect:<16}→ {name:<10}{1 / seconds:>11,.0f}{seconds / orjson_seconds:>11.2f}{budget:>9.1f}"
        )
