"""Rules of Anthropic's models, applied to a message's parameters, whether translated or Anthropic's already.

Anthropic: build-with-claude/thinking, thinking-troubleshooting.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import cast, get_args

from translators.bedrock.converse import Note
from translators.errors import Refused
from translators.providers.anthropic.betas import allows_more_thinking, allows_more_tokens
from translators.providers.anthropic.models import EFFORTS
from translators.providers.converse_requests import Effort
from translators.providers.rules.checks import UNFORCED, fitted_limit, fitted_temperature, note_small_limit
from translators.providers.rules.model_rules import ModelRules, Range, ThinkingKind

type Body = dict[str, object]

SAMPLING = ("temperature", "top_p", "top_k")
LEAST_TOP_P = 0.95
"""The least top_p beside thinking."""
_REFUSED_ALWAYS = tuple((name, "the model takes no sampling parameters") for name in SAMPLING)

_NO_ROOM = "the limit of tokens leaves no room for thinking"
_KINDS: tuple[ThinkingKind, ...] = get_args(ThinkingKind.__value__)
_BUDGETS: Mapping[Effort, int] = MappingProxyType(
    {"low": 1024, "medium": 8192, "high": 24_576, "xhigh": 32_768, "max": 32_768}
)
"""Tokens of thinking for an effort, for models that know none. Anthropic names no numbers: these are ours."""


def think_as_asked(body: Body, rules: ModelRules, field: str, notes: list[Note]) -> None:
    """Have a model think that an effort was asked of, where the effort alone does not make it think."""
    effort = _effort(body.get("output_config"))
    if effort is None or "thinking" in body or rules.thinks_by_default or rules.efforts is None:
        return
    if "adaptive" in rules.thinking:
        body["thinking"] = {"type": "adaptive"}
        notes.append(
            Note(field, "mapped", "sent with adaptive thinking, without which the model does not think")
        )
    elif rules.budget is not None:
        _think_within(rules.budget, effort, body, field, notes)
        if not rules.efforts:
            _drop_effort(body)


def _think_within(budget: Range, effort: Effort, body: Body, field: str, notes: list[Note]) -> None:
    """Have the model think with a budget that stands for the effort, if the limit leaves room for that."""
    sent = _fitted_budget(_BUDGETS[effort], budget, body.get("max_tokens"))
    if sent is None:
        body.pop("thinking", None)
        notes.append(Note(field, "dropped", f"{_NO_ROOM}, which needs {budget[0]}"))
    else:
        body["thinking"] = {"type": "enabled", "budget_tokens": sent}
        notes.append(Note(field, "mapped", f"sent as thinking of at most {sent} tokens"))


def _fitted_budget(asked: int, budget: Range, limit: object) -> int | None:
    """The budget within the model's, and below the limit of the whole answer; None if there is no room."""
    least, most = budget
    sent = min(max(asked, least), most)
    if not isinstance(limit, int) or sent < limit:
        return sent
    return max(least, limit // 2) if limit > least else None


def fit_to_model(
    body: Body, rules: ModelRules, betas: str, fields: Mapping[str, str], notes: list[Note]
) -> None:
    """Change what the model is known to refuse, and nothing else. Raises `Refused`.

    `fields` are the names that the record has for the parameters.
    """
    if not allows_more_tokens(betas):
        _fit_limit(body, rules, fields["max_tokens"], notes)
    if "thinking" in body:
        _fit_thinking(body, rules, fields["thinking"], notes)
    if "output_config" in body:
        _fit_effort(body, rules, fields["effort"], notes)
    if "tool_choice" in body:
        _fit_tool_choice(body, rules, fields, notes)
    if _kind(body) == "enabled" and not allows_more_thinking(betas):
        _fit_budget(body, rules, fields, notes)
    kind = _kind(body)
    _fit_sampling(body, rules, kind, fields, notes)
    if rules.thinks_by_default and kind not in ("disabled", "between_tools"):
        limit = body.get("max_tokens")
        if isinstance(limit, int):
            note_small_limit(limit, fields["max_tokens"], notes)


def _fit_limit(body: Body, rules: ModelRules, field: str, notes: list[Note]) -> None:
    asked = body.get("max_tokens")
    if isinstance(asked, int):
        body["max_tokens"] = fitted_limit(asked, rules, field, notes)


def _fit_sampling(
    body: Body, rules: ModelRules, kind: ThinkingKind | None, fields: Mapping[str, str], notes: list[Note]
) -> None:
    """Only tuning: what the model refuses is dropped; of two that exclude each other, the second."""
    if rules.sampling == "never":
        _drop_sampling(body, _REFUSED_ALWAYS, fields, notes)
    elif rules.efforts is not None and kind in ("enabled", "adaptive"):
        _drop_sampling(body, _refused_beside_thinking(body), fields, notes)
    if "temperature" not in body:
        return
    temperature = body["temperature"]
    if isinstance(temperature, int | float):
        body["temperature"] = fitted_temperature(temperature, rules, fields["temperature"], notes)
    if rules.sampling == "one" and temperature is not None and body.pop("top_p", None) is not None:
        notes.append(Note(fields["top_p"], "dropped", "the model takes it or temperature, not both"))


def _drop_sampling(
    body: Body, refused: Iterable[tuple[str, str]], fields: Mapping[str, str], notes: list[Note]
) -> None:
    """Drop parameters that only tune. `refused`: names, and why they are."""
    for name, why in refused:
        if body.pop(name, None) is not None:
            notes.append(Note(fields[name], "dropped", why))


def _refused_beside_thinking(body: Body) -> Iterator[tuple[str, str]]:
    """Names of parameters, and why they are refused."""
    if body.get("temperature") != 1:
        yield "temperature", "is not taken beside thinking"
    yield "top_k", "is not taken beside thinking"
    top_p = body.get("top_p")
    if isinstance(top_p, int | float) and not LEAST_TOP_P <= top_p <= 1:
        yield "top_p", f"is taken from {LEAST_TOP_P} to 1 beside thinking"


def _fit_effort(body: Body, rules: ModelRules, field: str, notes: list[Note]) -> None:
    """The most effort below that the model takes; none at all for a model that takes none."""
    effort = _effort(body["output_config"])
    if effort is None or rules.efforts is None or effort in rules.efforts:
        return
    if rules.efforts:
        lower = [word for word in rules.efforts if EFFORTS.index(word) < EFFORTS.index(effort)]
        sent = lower[-1] if lower else rules.efforts[0]
        body["output_config"] = {**cast("Body", body["output_config"]), "effort": sent}
        notes.append(Note(field, "mapped", f"sent as {sent!r}, the most below it that the model takes"))
    else:
        _drop_effort(body)
        notes.append(Note(field, "dropped", "the model takes no effort"))


def _drop_effort(body: Body) -> None:
    config = cast("Body", body["output_config"])
    rest = {name: value for name, value in config.items() if name != "effort"}
    if rest:
        body["output_config"] = rest
    else:
        del body["output_config"]


def _effort(config: object) -> Effort | None:
    asked = cast("Body", config).get("effort") if isinstance(config, dict) else None
    return next((word for word in EFFORTS if word == asked), None)


def _kind(body: Body) -> ThinkingKind | None:
    if "thinking" not in body:
        return None
    config = body["thinking"]
    asked = cast("Body", config).get("type") if isinstance(config, dict) else None
    return next((word for word in _KINDS if word == asked), None)


def _fit_thinking(body: Body, rules: ModelRules, field: str, notes: list[Note]) -> None:
    """The kind of thinking that the model has instead."""
    kind = _kind(body)
    if kind is None or (kind in rules.thinking and not (kind == "disabled" and _must_think(body, rules))):
        return
    if kind == "enabled" and "adaptive" in rules.thinking:
        kept = {name: value for name, value in cast("Body", body["thinking"]).items() if name == "display"}
        body["thinking"] = {"type": "adaptive", **kept}
        notes.append(Note(field, "mapped", "sent as adaptive: the model takes no budget"))
    elif kind == "adaptive" and rules.budget is not None:
        effort = _effort(body.get("output_config")) or "high"
        _think_within(rules.budget, effort, body, field, notes)
    elif kind == "disabled" and "between_tools" in rules.thinking:
        body["thinking"] = {"type": "between_tools"}
        notes.append(Note(field, "mapped", "sent as between_tools, the least that the model takes"))
    else:
        del body["thinking"]
        notes.append(Note(field, "dropped", f"the model takes no thinking that is {kind}"))


def _must_think(body: Body, rules: ModelRules) -> bool:
    if rules.always_thinks_from is None:
        return False
    effort = _effort(body.get("output_config"))
    return effort is not None and EFFORTS.index(effort) >= EFFORTS.index(rules.always_thinks_from)


def _fit_tool_choice(body: Body, rules: ModelRules, fields: Mapping[str, str], notes: list[Note]) -> None:
    """A demanded call is refused by some models, and by all beside thinking with a budget: there it counts
    more than the thinking."""
    choice = body["tool_choice"]
    if not isinstance(choice, dict) or cast("Body", choice).get("type") not in ("any", "tool"):
        return
    if not rules.forced_tools:
        raise Refused(fields["tool_choice"], UNFORCED)
    if rules.efforts is not None and _kind(body) == "enabled":
        del body["thinking"]
        notes.append(Note(fields["thinking"], "dropped", "is not taken beside a demanded tool call"))


def _fit_budget(body: Body, rules: ModelRules, fields: Mapping[str, str], notes: list[Note]) -> None:
    """A budget within the model's, and below the limit of the whole answer."""
    config = cast("Body", body["thinking"])
    asked = config.get("budget_tokens")
    if rules.budget is None or not isinstance(asked, int):
        return
    sent = _fitted_budget(asked, rules.budget, body.get("max_tokens"))
    if sent is None:
        del body["thinking"]
        notes.append(Note(fields["thinking"], "dropped", f"{_NO_ROOM}, which needs {rules.budget[0]}"))
    elif sent != asked:
        body["thinking"] = {**config, "budget_tokens": sent}
        notes.append(Note(fields["thinking"], "mapped", f"sent with a budget of {sent} tokens"))
