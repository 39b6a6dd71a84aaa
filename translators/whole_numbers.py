"""Whole numbers that are written as floats (`512.0`), as pandas and other tools do."""

from typing import Any, cast

import msgspec
from msgspec import Raw

from translators.wire import Members

PARAMETERS = frozenset(
    {
        *("max_tokens", "max_completion_tokens", "min_tokens", "n", "seed", "random_seed", "top_k"),
        *("top_logprobs", "top_prompt_logprobs"),
    }
)
"""Members that are whole numbers in every format that passes member by member."""
_BUDGET = "budget_tokens"


def write_whole(members: Members) -> None:
    """Write whole parameters as integers."""
    for name in PARAMETERS & members.keys():
        json = bytes(members[name])
        if not json.isdigit():
            members[name] = _integer(json, members[name])


def _integer(json: bytes, otherwise: Raw) -> Raw:
    number: object = msgspec.json.decode(json)
    return Raw(b"%d" % int(number)) if isinstance(number, float) and number.is_integer() else otherwise


def whole(value: Any) -> Any:
    """The value; a whole float as an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def whole_parameters(members: dict[str, Any]) -> dict[str, Any]:
    """Decoded members, those that are whole numbers as integers; Claude's budget of thinking too."""
    written = {name: whole(value) if name in PARAMETERS else value for name, value in members.items()}
    thinking: object = written.get("thinking")
    if isinstance(thinking, dict) and _BUDGET in thinking:
        config = cast("dict[str, Any]", thinking)
        written["thinking"] = {**config, _BUDGET: whole(config[_BUDGET])}
    return written
