"""Groq's models: efforts of reasoning, schemas.

Groq: api-reference chat/create (`reasoning_effort`), docs/structured-outputs, docs/prefilling.
"""

from dataclasses import replace

from translators.providers.rules.model_rules import ModelRules, RuleTable

_LLAMA = ModelRules(
    names=r"(meta-llama/)?llama-.*|gemma.*|allam.*|mistral.*|mixtral.*|deepseek-.*|.*-distill-.*",
    source="Groq: api-reference chat/create, docs/structured-outputs (2026-11-30)",
    efforts=(),
    prefill="continued",
    schemas=False,
)
_LLAMA_4 = replace(_LLAMA, names=r"(meta-llama/)?llama-4-.*|moonshotai/kimi-k2.*", schemas=True)
_GPT_OSS = replace(
    _LLAMA_4,
    names=r"(openai/)?gpt-oss-.*",
    efforts=("low", "medium", "high"),
    default_effort="medium",
    thinks_by_default=True,
)
_QWEN = replace(_LLAMA, names=r"qwen/qwen3-.*|qwen-.*", efforts=("none",), thinks_by_default=True)

ROWS: tuple[ModelRules, ...] = (
    replace(_LLAMA, names=r"deepseek-r1-.*", efforts=None),
    _LLAMA_4,
    _GPT_OSS,
    replace(_QWEN, names=r"qwen/qwen3\.8-.*", efforts=("none", "low", "medium", "high"), schemas=True),
    replace(_QWEN, names=r"qwen/qwen3\.6-.*", schemas=True),
    _QWEN,
    replace(_LLAMA, names=r"(groq/)?compound(-beta)?(-mini)?", efforts=None),
    _LLAMA,
)

MODELS = RuleTable(ROWS, replace(_LLAMA_4, names=".*", efforts=None, prefill="starts over"), operator="Groq")
