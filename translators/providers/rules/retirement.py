"""The end of models: the warning before it, and the refusal of jobs after it."""

from datetime import date, timedelta

from translators.providers.rules.model_rules import LONG_AGO, ModelRules

NOTICE = timedelta(days=60)
"""Time of the warning before a model's end; Anthropic announces its own that long before."""


def retired(rules: ModelRules, operator: str, today: date) -> str | None:
    """The reason for which no batch can use the model any more, with its successor; None while it runs."""
    if rules.retires is None or today <= rules.retires:
        return None
    if rules.retires == LONG_AGO:
        return f"{operator} has retired it{_successor(rules)}"
    return f"{operator} retired it on {_written(rules.retires)}{_successor(rules)}"


def retires_soon(rules: ModelRules, today: date) -> str | None:
    """The day of the model's retirement, with the successor's name; None if that is not soon, or is over."""
    if rules.retires is None or not today <= rules.retires <= today + NOTICE:
        return None
    return f"retires on {_written(rules.retires)}{_successor(rules)}"


def _successor(rules: ModelRules) -> str:
    return f"; its successor is {rules.successor}" if rules.successor else ""


def _written(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
