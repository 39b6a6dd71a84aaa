"""Rules of models that mean the same for all providers: limits, seeds, temperatures, last turns, schemas."""

from collections.abc import Sequence
from typing import Protocol

from translators.bedrock.converse import Note, Request, ToolConfig
from translators.errors import Refused
from translators.providers.rules.model_rules import INT32, ModelRules

SMALL_LIMIT = 1024
"""Fewer tokens than these may all be spent on thinking: it is the least budget that any vendor has for it."""

BEGUN = "the model does not go on with an answer that is begun for it"
UNFORCED = "the model cannot be made to call a tool; accepted are auto and none"
_STARTS_OVER = Note("messages", "sent", "the model begins its answer anew after the assistant's last message")
NO_SCHEMA = "the model's answers cannot be held to a schema"


def fitted_limit(asked: int, rules: ModelRules, field: str, notes: list[Note]) -> int:
    """The limit of tokens, not above the model's."""
    most = rules.most_tokens or INT32[1]
    if asked <= most:
        return asked
    notes.append(Note(field, "mapped", f"sent as {most}, the most that is taken"))
    return most


def note_small_limit(limit: int, field: str, notes: list[Note]) -> None:
    """Note that a model that thinks may spend all of a small limit on that."""
    if limit < SMALL_LIMIT:
        notes.append(Note(field, "sent", "the model thinks first, and its thoughts count toward the limit"))


def fitted_temperature(asked: float, rules: ModelRules, field: str, notes: list[Note]) -> float:
    """The temperature, not above the model's highest."""
    if asked <= rules.most_temperature:
        return asked
    notes.append(Note(field, "mapped", f"sent as {rules.most_temperature}, the highest that is taken"))
    return rules.most_temperature


def fitted_seed(asked: object, rules: ModelRules, field: str, notes: list[Note]) -> int:
    """The seed, folded into the model's range: equal seeds stay equal. Raises `Refused`."""
    if not isinstance(asked, int) or isinstance(asked, bool):
        raise Refused(field, f"{asked!r} is no whole number")
    least, most = rules.seeds
    if least <= asked <= most:
        return asked
    sent = asked % (most + 1)
    notes.append(Note(field, "mapped", f"sent modulo {most + 1}: seeds from {least} to {most} are taken"))
    return sent


class Turn(Protocol):
    """A message of a conversation, in whichever form."""

    @property
    def role(self) -> str: ...


def check_prefill(turns: Sequence[Turn], last: int, rules: ModelRules, notes: list[Note]) -> None:
    """Note an answer that is begun in a last message of the assistant's, of this index, if the model does not
    continue it. Raises `Refused`."""
    if rules.prefill == "refused":
        raise Refused(f"messages[{last}]", BEGUN)
    if rules.prefill == "starts over" and any(turn.role == "user" for turn in turns):
        notes.append(_STARTS_OVER)


def check_tools_and_schema(request: Request, rules: ModelRules) -> None:
    """Raises `Refused` for a demanded tool call or a schema that the model does not take."""
    if not rules.forced_tools and request.tool_config is not None and _is_forced(request.tool_config):
        raise Refused("toolConfig.toolChoice", UNFORCED)
    if not rules.schemas and request.output_config is not None and request.output_config.text_format:
        raise Refused("outputConfig.textFormat", NO_SCHEMA)


def _is_forced(config: ToolConfig) -> bool:
    choice = config.tool_choice
    return choice is not None and (choice.any is not None or choice.tool is not None)
