"""Parameters are fitted once for all records that have the same, with the same result and the same notes."""

import json
from typing import Any

import pytest
from msgspec import Raw, structs

from translators.bedrock.converse import Note
from translators.errors import RecordError, Refused
from translators.providers.batch_file import Line
from translators.providers.native.parameters import LONGEST_REMEMBERED, fitted_once
from translators.providers.registry import PROVIDERS
from translators.translation import Route, Translator
from translators.wire import Members

NOTE = Note("top_k", "dropped", "the provider does not take it")


class Fit:
    """A rule that counts its uses."""

    def __init__(self) -> None:
        self.uses = 0

    def __call__(self, members: Members, notes: list[Note], model: str) -> dict[str, object]:
        self.uses += 1
        if "refused" in members:
            raise Refused("refused", "is not taken")
        if members.pop("top_k", None) is not None:
            notes.append(NOTE)
        return {**members, "model": model}


def fitted(fit: Fit, *bodies: dict[str, Any], model: str = "m") -> list[tuple[dict[str, Any], list[Note]]]:
    once = fitted_once(fit)
    results = []
    for body in bodies:
        notes: list[Note] = []
        members = {name: Raw(json.dumps(value).encode()) for name, value in body.items()}
        found = once(members, notes, model)
        shown = {
            name: json.loads(bytes(value)) if isinstance(value, Raw) else value
            for name, value in found.items()
        }
        results.append((shown, notes))
    return results


def test_the_same_parameters_are_fitted_once_with_the_same_notes() -> None:
    fit = Fit()
    first, second = fitted(fit, {"top_k": 3, "n": 1}, {"top_k": 3, "n": 1})
    assert first == second == ({"n": 1, "model": "m"}, [NOTE])
    assert fit.uses == 1


def test_other_parameters_are_fitted_apart() -> None:
    fit = Fit()
    assert [body for body, _ in fitted(fit, {"n": 1}, {"n": 2})] == [
        {"n": 1, "model": "m"},
        {"n": 2, "model": "m"},
    ]
    assert fit.uses == 2


def test_another_model_has_its_own() -> None:
    once = fitted_once(Fit())
    assert once({}, [], "a") == {"model": "a"}
    assert once({}, [], "b") == {"model": "b"}


def test_long_parameters_are_not_kept() -> None:
    fit = Fit()
    long = {"tools": "x" * LONGEST_REMEMBERED}
    assert fitted(fit, long, long) == [({**long, "model": "m"}, [])] * 2
    assert fit.uses == 2


def test_a_refusal_is_raised_each_time() -> None:
    once = fitted_once(Fit())
    for _ in range(2):
        with pytest.raises(Refused, match="is not taken"):
            once({"refused": Raw(b"1")}, [], "m")


BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "claude": ("anthropic.claude-sonnet-4-5-20250929-v1:0", {"anthropic_version": "v", "max_tokens": 9}),
    "chat": ("qwen.qwen3-32b-v1:0", {"max_tokens": 9, "logit_bias": {"5": 1}}),
    "mistral chat": ("mistral.mistral-large-2407-v1:0", {"max_tokens": 9, "seed": 3}),
}


@pytest.mark.parametrize("name", sorted(PROVIDERS))
@pytest.mark.parametrize("dialect", BODIES)
@pytest.mark.parametrize(
    "members", [{}, {"temperature": 1.9, "top_p": 0.5}, {"top_k": 5, "stop": None}, {"stream": True}]
)
def test_a_later_record_becomes_what_it_would_be_as_the_first(
    name: str, dialect: str, members: dict[str, Any]
) -> None:
    """Two models of which nothing is known: one has seen the parameters before, the other has not."""
    model_id, body = BODIES[dialect]

    def line(model: str, text: str) -> Line | RecordError:
        route = Route(model_id=model_id, invocation_type="InvokeModel", provider=name, model=model)
        turns = [{"role": "user", "content": text}]
        given = {"recordId": "RECORD00001", "modelInput": {**body, **members, "messages": turns}}
        translator = Translator(route)
        record = translator.read(json.dumps(given).encode())
        assert record is not None
        return translator.line("a-1", record)

    case = f"{dialect}-{'-'.join(members)}"
    line(f"seen-{case}", "one")
    later, first = line(f"seen-{case}", "two"), line(f"none-{case}", "two")
    if isinstance(later, Line):
        later = structs.replace(later, data=later.data.replace(b"seen-", b"none-"))
    assert later == first
