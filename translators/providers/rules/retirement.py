"""The end of models: what is said before it, and why a job is refused after it."""

from datetime import date, timedelta

from translators.providers.rules.model_rules import LONG_AGO, ModelRules

NOTICE = timedelta(days=60)
"""How long before a model's end it is warned of; Anthropic announces its own that long before."""


def retired(rules: ModelRules, operator: str, today: date) -> str | None:
    """Why no batch can use the model any more, with the successor's name; None while it runs."""
    if rules.retires is None or today <= rules.retires:
        return None
    if rules.retires == LONG_AGO:
        return f"{operator} has retired it{_successor(rules)}"
    return f"{operator} retired it on {_written(rules.retires)}{_successor(rules)}"


def retires_soon(rules: ModelRules, today: date) -> str | None:
    """When the model retires, with the successor's name; None if that is not soon, or is over."""
    if rules.retires is None or not today <= rules.retires <= today + NOTICE:
        return None
    return f"retires on {_written(rules.retires)}{_successor(rules)}"


def _successor(rules: ModelRules) -> str:
    return f"; its successor is {rules.successor}" if rules.successor else ""


def _written(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
