"""OpenAI's models: what each accepts, at which endpoint, and when it retires.

OpenAI: guides/latest-model and guides/reasoning (efforts, sampling), chat/create (stop), deprecations; dates
also in openai 3.54 (types/shared/chat_model.py). Error answers tell the rest: 'Unsupported parameter' for
`stop` (gpt-5-mini), `parallel_tool_calls` (o1, o3-mini, o4-mini), 'Unrecognized request argument' for
`reasoning_effort` (gpt-4o, gpt-4.1), 'Function tools with reasoning_effort are not supported' (gpt-5.4 on).
"""

from dataclasses import replace
from datetime import date
from functools import lru_cache

from translators.providers.chat_completions.server import ChatServer
from translators.providers.chat_completions.traits import Traits, traits_of
from translators.providers.rules.model_rules import ANY, LONG_AGO, ModelRules, Overrides, RuleTable

_D = r"(-\d{4}-\d\d-\d\d)?"
"""The date of a snapshot."""

_OCTOBER_2026 = date(2026, 10, 23)
_DECEMBER_2026 = date(2026, 12, 11)
_JANUARY_2027 = date(2027, 1, 14)
_APRIL_2027 = date(2027, 4, 1)

_GPT_4 = ModelRules(
    names=r"gpt-4(-turbo.*|-(0613|1106-preview|0125-preview))?",
    source="OpenAI: deprecations; guides/structured-outputs, supported models (2026-11-30)",
    efforts=(),
    schemas=False,
    most_tokens=4096,
    retires=_OCTOBER_2026,
    successor="gpt-5.6-sol",
)
_GPT_4O = replace(
    _GPT_4,
    names=rf"gpt-4o(-mini)?{_D}",
    schemas=True,
    most_tokens=16_384,
    retires=_JANUARY_2027,
    successor="gpt-6-luna",
)
_GPT_4_1 = replace(_GPT_4O, names=rf"gpt-4\.1(-mini)?{_D}", most_tokens=32_768)
_O_SERIES = ModelRules(
    names=rf"o1{_D}|o3-mini{_D}",
    source="OpenAI: guides/reasoning, chat/create; deprecations (2026-11-30)",
    efforts=("low", "medium", "high"),
    default_effort="medium",
    sampling="never",
    thinks_by_default=True,
    most_tokens=100_000,
    parallel_tool_calls=False,
    retires=_OCTOBER_2026,
    successor="gpt-5.6-sol",
)
_O_LATER = replace(
    _O_SERIES,
    names=rf"o3{_D}",
    stop=False,
    retires=_DECEMBER_2026,
    successor="gpt-6.1-sol",
)
_O_PRO = replace(_O_LATER, names=rf"o3-pro{_D}", endpoint="responses")
_GPT_5 = ModelRules(
    names=rf"gpt-5{_D}",
    source="OpenAI: guides/latest-model (gpt-5), deprecations (2026-11-30)",
    efforts=("minimal", "low", "medium", "high"),
    default_effort="medium",
    sampling="never",
    thinks_by_default=True,
    most_tokens=128_000,
    stop=False,
    retires=_DECEMBER_2026,
    successor="gpt-6.1-sol",
)
_CODEX = replace(
    _GPT_5,
    names=r"gpt-5-codex",
    source="OpenAI: docs/models, which names the Responses API alone (2026-11-30)",
    endpoint="responses",
    efforts=("low", "medium", "high"),
)
_GPT_5_1 = replace(
    _GPT_5,
    names=rf"gpt-5\.1(-mini)?{_D}",
    source="OpenAI: guides/latest-model (gpt-5.1); langchain-ai/langchain#35423 (2026-11-30)",
    efforts=("none", "low", "medium", "high"),
    default_effort="none",
    sampling="without reasoning",
    thinks_by_default=False,
    retires=_APRIL_2027,
)
_CHAT_LATEST = replace(
    _GPT_5_1,
    names=r"gpt-5\.[123]-chat(-latest)?",
    efforts=(),
    default_effort=None,
    sampling="never",
    retires=date(2026, 8, 10),
)
_GPT_5_2 = replace(
    _GPT_5_1,
    names=rf"gpt-5\.2{_D}|gpt-5\.3",
    source="OpenAI: guides/latest-model (gpt-5.2) (2026-11-30)",
    efforts=("none", "low", "medium", "high", "xhigh"),
    retires=None,
    successor="",
)
_PRO = replace(
    _GPT_5_2,
    names=rf"gpt-5\.(2|4|5)-pro{_D}",
    source="OpenAI: docs/models, which names the Responses API alone (2026-11-30)",
    endpoint="responses",
    efforts=("medium", "high", "xhigh"),
    default_effort="medium",
    sampling="never",
    thinks_by_default=True,
)
_GPT_5_4 = replace(
    _GPT_5_2,
    names=rf"gpt-5\.[45](-mini)?{_D}",
    source="openai/openai-openapi#541, BerriAI/litellm#34569, livekit/agents#7169 (2026-11-30)",
    tools_with_effort=False,
)
_GPT_5_6 = replace(
    _GPT_5_4,
    names=r"gpt-5\.6(-sol|-terra|-luna)?",
    source="mnfst/modelparams.dev#87, ShenSeanChen/waku-agent#146, anomalyco/opencode#36141 (2026-11-30)",
    efforts=("none", "low", "medium", "high", "xhigh", "max"),
    default_effort="medium",
    thinks_by_default=True,
)
_GPT_6 = replace(
    _GPT_5_6,
    names=r"gpt-6-(sol|luna)|gpt-6\.1-terra",
    source="OpenAI: guides/latest-model (GPT-6); onyx-dot-app/onyx#15008 (2026-11-30)",
)
_ASTRA = replace(
    _GPT_6,
    names=r"gpt-6(\.\d)?-astra(-law)?|gpt-6\.[12]-sol",
    source="OpenAI: guides/latest-model (GPT-6); BerriAI/litellm-docs#1173, bolna-ai/bolna#1019 (2026-11-30)",
    endpoint="responses",
    efforts=("low", "medium", "high", "xhigh", "max"),
    sampling="never",
)

ROWS: tuple[ModelRules, ...] = (
    _ASTRA,
    replace(
        _ASTRA,
        names=r"gpt-(5\.6|6)-cyber|gpt-(6-)?rosalind.*|gpt-daybreak-.*|computer-use-preview.*",
        source="openai 3.54: types/shared/responses_model.py has them for responses alone (2026-11-30)",
    ),
    _GPT_6,
    _GPT_5_6,
    _PRO,
    replace(_GPT_5_4, names=rf"gpt-5\.4-nano{_D}", retires=_APRIL_2027, successor="gpt-6-luna"),
    _GPT_5_4,
    replace(_CHAT_LATEST, names=r"gpt-5\.1-chat(-latest)?", retires=date(2026, 7, 23)),
    _CHAT_LATEST,
    _GPT_5_2,
    replace(_CODEX, names=r"gpt-5\.1-codex", retires=date(2026, 7, 23)),
    replace(
        _CODEX,
        names=r"gpt-5\.[123]-codex(-max|-mini)?",
        efforts=("low", "medium", "high", "xhigh"),
        retires=_APRIL_2027,
    ),
    _GPT_5_1,
    _CODEX,
    replace(
        _GPT_5,
        names=rf"gpt-5-pro{_D}",
        source="OpenAI: docs/models/gpt-5-pro, chat/create (2026-11-30)",
        endpoint="responses",
        efforts=("high",),
        default_effort="high",
    ),
    replace(_GPT_5, names=rf"gpt-5-mini{_D}", successor="gpt-6.1-terra"),
    replace(_GPT_5, names=rf"gpt-5-nano{_D}", successor="gpt-6-luna"),
    _GPT_5,
    replace(_GPT_4O, names=r"gpt-5-chat-latest", retires=date(2026, 7, 23)),
    _O_LATER,
    replace(_O_LATER, names=rf"o4-mini{_D}", retires=_OCTOBER_2026, successor="gpt-5.6-terra"),
    _O_SERIES,
    _O_PRO,
    replace(_O_PRO, names=rf"o1-pro{_D}", retires=_OCTOBER_2026),
    replace(_O_PRO, names=r"o[34](-mini)?-deep-research.*", retires=None, successor=""),
    replace(_CODEX, names=r"codex-mini-latest", retires=date(2026, 2, 12)),
    replace(_O_SERIES, names=r"o1-preview.*", efforts=(), schemas=False, retires=date(2025, 7, 28)),
    replace(_O_SERIES, names=r"o1-mini.*", efforts=(), schemas=False, retires=date(2025, 10, 27)),
    replace(_GPT_4O, names=r"gpt-4o-(mini-)?search-preview.*", sampling="never", retires=date(2026, 7, 23)),
    replace(_GPT_4O, names=rf"gpt-audio-mini{_D}", schemas=False, retires=date(2027, 1, 20), successor=""),
    replace(_GPT_4O, names=r"gpt-audio.*", schemas=False, retires=None, successor=""),
    replace(
        _GPT_4O,
        names=r"gpt-4o-audio-preview-2024-10-01",
        schemas=False,
        retires=date(2025, 10, 10),
        successor="gpt-audio",
    ),
    replace(
        _GPT_4O,
        names=r"gpt-4o-(mini-)?audio-preview.*",
        schemas=False,
        retires=date(2026, 5, 7),
        successor="gpt-audio",
    ),
    replace(_GPT_4O, names=r"gpt-4o-2024-05-13", schemas=False, most_tokens=4096, retires=_OCTOBER_2026),
    replace(_GPT_4O, names=r"chatgpt-4o-latest", schemas=False, retires=date(2026, 2, 17)),
    _GPT_4O,
    replace(_GPT_4_1, names=rf"gpt-4\.1-nano{_D}", retires=_OCTOBER_2026, successor="gpt-5.6-luna"),
    _GPT_4_1,
    replace(_GPT_4, names=r"gpt-4-(0125-preview|turbo-preview|0314)", retires=date(2026, 3, 26)),
    replace(_GPT_4, names=r"gpt-4-vision-preview", retires=date(2024, 12, 6)),
    replace(_GPT_4, names=r"gpt-4-32k.*", retires=date(2025, 6, 6)),
    _GPT_4,
    replace(_GPT_4, names=r"gpt-3\.5-turbo-1106", retires=date(2026, 9, 28), successor="gpt-5.6-terra"),
    replace(
        _GPT_4,
        names=r"gpt-3\.5-turbo-(16k.*|0301|0613)",
        retires=date(2024, 9, 13),
        successor="gpt-5.6-terra",
    ),
    replace(_GPT_4, names=r"gpt-3\.5-turbo(-0125)?", successor="gpt-5.6-terra"),
    replace(_GPT_4, names=r"gpt-4\.5-.*", retires=LONG_AGO),
)

NEWEST = replace(_ASTRA, names=r"gpt-\d.*|o\d.*|chatgpt-.*|codex-.*")


def base_name(model: str, /) -> str:
    """The name of the model that a tuned one is made of, which retires with it (OpenAI: deprecations)."""
    return model.split(":")[1] if model.startswith("ft:") else model


MODELS = RuleTable(ROWS, NEWEST, ANY, base_name=base_name, operator="OpenAI")
"""A name that is not OpenAI's own belongs to a compatible server, which gets what was asked."""

_own = traits_of(MODELS, Traits())
_elsewhere = traits_of(MODELS, Traits(limit="max_tokens", lenient=True))


@lru_cache(maxsize=64)  # asked for every record, and a job has one model
def traits(model: str, overrides: Overrides = (), /) -> Traits:
    """The traits of a model of OpenAI's, or of a compatible server's."""
    return (_own if MODELS.knows_vendor_of(model) else _elsewhere)(model, overrides)


CHAT = ChatServer(traits=traits)
