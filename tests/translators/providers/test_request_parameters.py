"""Parameters of requests are fitted once for all that have the same, with the same result and notes."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.bedrock.converse import Note, Request
from translators.errors import RecordError, Refused
from translators.providers.batch_file import Line
from translators.providers.native.parameters import LONGEST_REMEMBERED
from translators.providers.registry import PROVIDERS, provider
from translators.providers.request_parameters import fitted_once
from translators.translation import Route, Translator

MESSAGES = [{"role": "user", "content": [{"text": "Hi"}]}]
SYSTEM = [{"text": "Be terse."}]
TOOL = {"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}


def asked(**members: Any) -> Request:
    body = {"messages": MESSAGES, "system": SYSTEM, **members}
    return msgspec.json.decode(json.dumps(body), type=Request)


class Fit:
    """A rule that counts its uses and shows what it was passed."""

    def __init__(self) -> None:
        self.uses = 0

    def __call__(self, request: Request, rules: str, notes: list[Note]) -> dict[str, object]:
        self.uses += 1
        if request.additional_model_request_fields == {"refused": True}:
            raise Refused("refused", "is not taken")
        notes += [Note("a", "dropped"), Note("a", "dropped")]
        return {"request": request, "rules": rules}


def shown(request: Request, rules: str) -> dict[str, bytes]:
    parameters = msgspec.structs.replace(request, messages=[], system=None)
    return {"request": msgspec.json.encode(parameters), "rules": msgspec.json.encode(rules)}


NUMBERS = st.sampled_from([0, 0.0, -0.0, 1, 1.0, True, None])
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "inferenceConfig": st.fixed_dictionaries(
            {}, optional={"temperature": st.sampled_from([0.0, -0.0, 1]), "stopSequences": st.just(["a"])}
        ),
        "additionalModelRequestFields": st.dictionaries(st.sampled_from(["a", "b"]), NUMBERS),
        "outputConfig": st.just({"effort": "low"}),
        "toolConfig": st.fixed_dictionaries(
            {"tools": st.just([TOOL])}, optional={"toolChoice": st.sampled_from([{"auto": {}}, {"any": {}}])}
        ),
    },
)


@given(records=st.lists(st.tuples(PARAMETERS, st.sampled_from("xy")), max_size=8))
def test_the_result_is_that_of_the_request_whatever_came_before(
    records: list[tuple[dict[str, Any], str]],
) -> None:
    once = fitted_once(Fit())
    for parameters, rules in records:
        request = asked(**parameters)
        members, notes = once(request, rules)
        assert {name: bytes(value) for name, value in members.items()} == shown(request, rules)
        assert notes == (Note("a", "dropped"),)


def test_requests_that_differ_in_their_messages_are_fitted_once() -> None:
    fit = Fit()
    once = fitted_once(fit)
    first = once(asked(inferenceConfig={"maxTokens": 3}), "x")
    other = asked(inferenceConfig={"maxTokens": 3}, system=[{"text": "Be kind."}], messages=MESSAGES * 2)
    assert once(other, "x") == first
    assert fit.uses == 1


def test_long_parameters_are_not_kept() -> None:
    fit = Fit()
    once = fitted_once(fit)
    long = asked(additionalModelRequestFields={"a": "x" * LONGEST_REMEMBERED})
    assert once(long, "x") == once(long, "x")
    assert fit.uses == 2


def test_a_refusal_is_raised_each_time() -> None:
    once = fitted_once(Fit())
    for _ in range(2):
        with pytest.raises(Refused, match="is not taken"):
            once(asked(additionalModelRequestFields={"refused": True}), "x")


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_lines_of_equal_records_are_equal_after_others(name: str) -> None:
    route = Route(
        model_id="amazon.nova-lite-v1:0", invocation_type="Converse", provider=name, model="a-model"
    )
    translator = Translator(route)
    bodies: list[dict[str, Any]] = [
        {"inferenceConfig": {"maxTokens": 9, "temperature": 0.5}},
        {"inferenceConfig": {"maxTokens": 9}, "toolConfig": {"tools": [TOOL]}},
        {"additionalModelRequestFields": {"seed": 5}},
    ]
    lines: list[Line | RecordError] = []
    for body in bodies * 2:
        record = translator.read(json.dumps({"modelInput": {"messages": MESSAGES, **body}}).encode())
        assert record is not None
        lines.append(translator.line("a-1", record))
    assert lines[:3] == lines[3:]
    assert isinstance(lines[0], Line)
    assert len({line.data for line in lines if isinstance(line, Line)}) == 3


def test_an_additional_field_cannot_replace_what_the_record_says() -> None:
    for field, said in (("system", "Be kind."), ("messages", []), ("model", "another")):
        request = asked(additionalModelRequestFields={field: said}, inferenceConfig={"maxTokens": 9})
        with pytest.raises(Refused, match="is said elsewhere in the record already") as refusal:
            provider("anthropic").line("a-1", request, "claude-sonnet-4-5-20250929")
        assert refusal.value.field == f"additionalModelRequestFields.{field}"
