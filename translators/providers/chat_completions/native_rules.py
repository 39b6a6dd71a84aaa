"""Rules of models, applied to bodies that are chat completions already.

Values are decoded only where a rule is about them.
"""

import re

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import Note
from translators.errors import Refused
from translators.providers.chat_completions.parameters import SAMPLING, beside_tools
from translators.providers.chat_completions.traits import Traits
from translators.providers.converse_requests import EFFORTS, Effort
from translators.providers.native.empty_members import holds_nothing
from translators.providers.rules.checks import (
    NO_SCHEMA,
    UNFORCED,
    check_prefill,
    fitted_limit,
    fitted_seed,
    fitted_temperature,
    note_small_limit,
)
from translators.providers.rules.model_rules import ModelRules
from translators.wire import Members


class _Turn(Struct):
    role: str


class _Format(Struct):
    type: str | None = None


_ANY = msgspec.json.Decoder()
_NUMBER = msgspec.json.Decoder(int | float | None)
_TURNS = msgspec.json.Decoder(list[_Turn])
_FORMAT = msgspec.json.Decoder(_Format)
_ENCODER = msgspec.json.Encoder()

_UNFORCED = frozenset({b"null", b'"auto"', b'"none"'})
_SAMPLED = ("temperature", "top_p", *SAMPLING)
_OF_THE_ASSISTANT = re.compile(rb'"role"\s*:\s*"assistant"')


def has(body: Members, name: str) -> bool:
    """Whether the member is there and neither null, false nor an empty list."""
    value = bytes(body.get(name, b"null"))
    return value != b"false" and not holds_nothing(value)


def fit_to_model(body: Members, traits: Traits, notes: list[Note]) -> None:
    """Change parameters that the model is known to refuse, and nothing else. Raises `Refused`."""
    rules = traits.rules
    effort = _fit_effort(body, rules, notes)
    _fit_limit(body, traits.limit, rules, effort, notes)
    _fit_sampling(body, rules, effort, notes)
    if has(body, "seed") and isinstance(asked := _ANY.decode(body["seed"]), int):
        body["seed"] = Raw(_ENCODER.encode(fitted_seed(asked, rules, "seed", notes)))
    if not rules.forced_tools and bytes(body.get("tool_choice", Raw(b"null"))) not in _UNFORCED:
        raise Refused("tool_choice", UNFORCED)
    if not rules.schemas and has(body, "response_format"):
        _check_format(body["response_format"])


def _fit_effort(body: Members, rules: ModelRules, notes: list[Note]) -> Effort | None:
    """The effort that is sent; None where none is."""
    asked = _effort(body) if "reasoning_effort" in body else None
    sent = asked
    if asked is not None and rules.efforts == ():
        sent = None
        notes.append(
            Note("reasoning_effort", "dropped", "the model has no efforts of reasoning to choose from")
        )
    elif asked is not None and rules.efforts is not None:
        sent = rules.closest_effort(asked)
        if sent is None:
            notes.append(Note("reasoning_effort", "dropped", "the model reasons as much as it sees fit"))
        elif sent != asked:
            notes.append(Note("reasoning_effort", "mapped", f"sent as {sent!r}"))
    if not rules.tools_with_effort and has(body, "tools"):
        sent = beside_tools(sent, "reasoning_effort" if asked else "tools", rules, notes)
    if sent is not None:
        body["reasoning_effort"] = Raw(_ENCODER.encode(sent))
    elif asked is not None:
        del body["reasoning_effort"]
    return sent


def _effort(body: Members) -> Effort | None:
    """The effort asked for, when it is a word that is known."""
    asked = bytes(body["reasoning_effort"])
    return next((effort for effort in EFFORTS if asked == b'"%s"' % effort.encode()), None)


def _fit_limit(body: Members, name: str, rules: ModelRules, effort: Effort | None, notes: list[Note]) -> None:
    if not has(body, name):
        return
    asked: object = _ANY.decode(body[name])
    if not isinstance(asked, int):
        return
    sent = fitted_limit(asked, rules, name, notes)
    if sent != asked:
        body[name] = Raw(_ENCODER.encode(sent))
    if rules.thinks_by_default and effort != "none":
        note_small_limit(sent, name, notes)


def _fit_sampling(body: Members, rules: ModelRules, effort: Effort | None, notes: list[Note]) -> None:
    if not rules.samples_at(effort):
        for name in [name for name in _SAMPLED if name in body]:
            if has(body, name):
                notes.append(Note(name, "dropped", "the model reasons and takes no sampling parameters"))
            del body[name]
        return
    if not has(body, "temperature"):
        return
    if rules.sampling == "one" and body.pop("top_p", None) is not None:
        notes.append(Note("top_p", "dropped", "the model takes it or temperature, not both"))
    temperature = _number(body["temperature"])
    if temperature is not None:
        sent = fitted_temperature(temperature, rules, "temperature", notes)
        if sent != temperature:
            body["temperature"] = Raw(_ENCODER.encode(sent))


def _number(value: Raw) -> float | None:
    try:
        found: float | None = _NUMBER.decode(value)
        return found
    except msgspec.ValidationError:
        return None  # the provider refuses it


def _check_format(value: Raw) -> None:
    try:
        kind = _FORMAT.decode(value).type
    except msgspec.ValidationError:
        return
    if kind == "json_schema":
        raise Refused("response_format", NO_SCHEMA)


def check_end(messages: bytes, rules: ModelRules, notes: list[Note]) -> None:
    """Check a last message of the assistant's. Raises `Refused`.

    The last role is found by its name at first: quotes in texts are escaped.
    """
    if rules.prefill == "continued" or not _OF_THE_ASSISTANT.match(
        messages, max(messages.rfind(b'"role"'), 0)
    ):
        return
    try:
        turns = _TURNS.decode(messages)
    except (ValueError, RecursionError):
        return  # of another form, which the provider refuses
    if turns[-1].role == "assistant":
        check_prefill(turns, len(turns) - 1, rules, notes)
