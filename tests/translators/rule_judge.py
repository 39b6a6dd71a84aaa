"""The table of model rules as judge of what is sent: what of a line the row of its model says is refused.

Reads the line as the vendor would, and nothing of the code that wrote it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from translators.providers.registry import PROVIDERS
from translators.providers.rules.model_rules import ModelRules

type Json = dict[str, Any]


@dataclass(kw_only=True)
class Asked:
    """What a line asks, whatever the vendor calls it."""

    endpoint: str = "usual"
    sampling: set[str] = field(default_factory=set[str])
    temperature: float | None = None
    penalties: bool = False
    effort: str | None = None
    thinking: Json = field(default_factory=dict[str, Any])
    """Claude's."""
    budget: int | None = None
    level: str | None = None
    tools: bool = False
    forced: bool = False
    schema: bool = False
    stop: bool = False
    parallel: bool = False
    roles: list[str] = field(default_factory=list[str])
    limit: int | None = None
    seed: int | None = None


def refused(provider: str, model: str, line: Json) -> list[str]:
    """What the model would refuse of the line."""
    return list(_refused(PROVIDERS[provider].models.rules(model), asked(provider, line)))


def asked(provider: str, line: Json) -> Asked:
    """What the line asks."""
    if provider == "anthropic":
        return _messages(line["params"])
    if provider == "gemini" or (provider == "vertex" and "contents" in line["request"]):
        return _gemini(line["request"])
    if provider == "vertex":
        return _messages(line["request"])
    if provider == "xai":
        return _chat(line["batch_request"]["chat_get_completion"])
    if line.get("url") == "/v1/responses":
        return _response(line["body"])
    return _chat(line["body"])


def _messages(body: Json) -> Asked:
    thinking: Json = body.get("thinking", {})
    return Asked(
        sampling={name for name in ("temperature", "top_p", "top_k") if name in body},
        temperature=body.get("temperature"),
        effort=body.get("output_config", {}).get("effort"),
        thinking=thinking,
        budget=thinking.get("budget_tokens"),
        tools=bool(body.get("tools")),
        forced=body.get("tool_choice", {}).get("type") in ("any", "tool"),
        schema="format" in body.get("output_config", {}),
        roles=[turn["role"] for turn in body["messages"]],
        limit=body["max_tokens"],
    )


def _chat(body: Json) -> Asked:
    choice = body.get("tool_choice")
    return Asked(
        sampling={name for name in ("temperature", "top_p", "p") if name in body},
        temperature=body.get("temperature"),
        penalties=bool({"presence_penalty", "frequency_penalty"} & body.keys()),
        effort=body.get("reasoning_effort"),
        tools=bool(body.get("tools")),
        forced=choice in ("required", "any") or isinstance(choice, dict),
        schema=body.get("response_format", {}).get("type") == "json_schema",
        stop=bool(body.get("stop")),
        parallel="parallel_tool_calls" in body,
        roles=_roles(body["messages"]),
        limit=body.get("max_completion_tokens", body.get("max_tokens")),
        seed=body.get("seed", body.get("random_seed")),
    )


def _roles(messages: list[Json]) -> list[str]:
    return ["prefix" if turn.get("prefix") else turn["role"] for turn in messages]


def _response(body: Json) -> Asked:
    choice = body.get("tool_choice")
    return Asked(
        endpoint="responses",
        sampling={name for name in ("temperature", "top_p") if name in body},
        temperature=body.get("temperature"),
        effort=body.get("reasoning", {}).get("effort"),
        tools=bool(body.get("tools")),
        forced=choice == "required" or isinstance(choice, dict),
        schema=body.get("text", {}).get("format", {}).get("type") == "json_schema",
        parallel="parallel_tool_calls" in body,
        roles=[item.get("role", item.get("type")) for item in body["input"]],
        limit=body.get("max_output_tokens"),
    )


def _gemini(body: Json) -> Asked:
    config: Json = body.get("generationConfig", {})
    thinking: Json = config.get("thinkingConfig", {})
    calling: Json = body.get("toolConfig", {}).get("functionCallingConfig", {})
    return Asked(
        sampling={name for name in ("temperature", "topP", "topK") if name in config},
        temperature=config.get("temperature"),
        penalties=bool({"presencePenalty", "frequencyPenalty"} & config.keys()),
        budget=thinking.get("thinkingBudget"),
        level=thinking.get("thinkingLevel"),
        tools=bool(body.get("tools")),
        forced=calling.get("mode") == "ANY",
        schema="responseSchema" in config,
        roles=["assistant" if turn["role"] == "model" else turn["role"] for turn in body["contents"]],
        limit=config.get("maxOutputTokens"),
        seed=config.get("seed"),
    )


def _refused(rules: ModelRules, asks: Asked) -> Iterator[str]:
    yield from _sampling(rules, asks)
    yield from _reasoning(rules, asks)
    yield from _turns(rules, asks)
    if rules.endpoint == "responses" != asks.endpoint:
        yield "is asked at another endpoint than /v1/responses"
    if asks.forced and not rules.forced_tools:
        yield "demands a tool call"
    if asks.schema and not rules.schemas:
        yield "demands a schema"
    if asks.stop and not rules.stop:
        yield "has stop sequences"
    if asks.parallel and not rules.parallel_tool_calls:
        yield "says whether tools may be called in parallel"
    if asks.limit is not None and asks.limit > (rules.most_tokens or 2**31 - 1):
        yield f"asks for {asks.limit} tokens"
    if asks.seed is not None and not rules.seeds[0] <= asks.seed <= rules.seeds[1]:
        yield f"has the seed {asks.seed}"


def _sampling(rules: ModelRules, asks: Asked) -> Iterator[str]:
    effort = asks.effort or rules.default_effort
    if asks.sampling and (
        rules.sampling == "never" or (rules.sampling == "without reasoning" and effort != "none")
    ):
        yield f"has {', '.join(sorted(asks.sampling))}"
    if rules.sampling == "one" and {"temperature", "top_p"} <= asks.sampling:
        yield "has temperature and top_p"
    if asks.temperature is not None and asks.temperature > rules.most_temperature:
        yield f"has the temperature {asks.temperature}"
    if asks.penalties and not rules.penalties:
        yield "has penalties"


def _reasoning(rules: ModelRules, asks: Asked) -> Iterator[str]:
    if asks.effort is not None and rules.efforts is not None and asks.effort not in rules.efforts:
        yield f"has the effort {asks.effort}"
    effort = asks.effort or rules.default_effort
    if asks.tools and not rules.tools_with_effort and asks.endpoint == "usual" and effort != "none":
        yield "has tools beside an effort"
    if asks.level is not None and asks.level not in rules.levels:
        yield f"has the level {asks.level}"
    yield from _budget(rules, asks)
    yield from _thinking(rules, asks)


def _thinking(rules: ModelRules, asks: Asked) -> Iterator[str]:
    """Claude's."""
    kind = asks.thinking.get("type")
    if kind is None or rules.efforts is None:
        return
    if kind not in rules.thinking:
        yield f"has thinking that is {kind}"
    if kind == "disabled" and rules.always_thinks_from and asks.effort in ("xhigh", "max"):
        yield "disables thinking at a high effort"
    if kind == "enabled" and asks.forced:
        yield "demands a tool call beside thinking"
    if kind == "enabled" and asks.budget and asks.limit and asks.budget >= asks.limit:
        yield "has a budget that is not below the limit"
    if kind in ("enabled", "adaptive") and (asks.temperature not in (None, 1) or "top_k" in asks.sampling):
        yield "has temperature or top_k beside thinking"


def _budget(rules: ModelRules, asks: Asked) -> Iterator[str]:
    if asks.budget is None:
        return
    if asks.budget == 0:
        if "disabled" not in rules.thinking:
            yield "switches thinking off"
    elif asks.budget != -1 and rules.budget is not None:
        if not rules.budget[0] <= asks.budget <= rules.budget[1]:
            yield f"has the budget {asks.budget}"
    elif rules.levels:
        yield "has a budget where there are levels"


def _turns(rules: ModelRules, asks: Asked) -> Iterator[str]:
    if asks.roles and asks.roles[-1] == "assistant" and rules.prefill == "refused":
        yield "begins the answer"
    turns = [index for index, role in enumerate(asks.roles) if role != "system"]
    if not rules.system_turns and turns and "system" in asks.roles[turns[0] :]:
        yield "has a system message between turns"
