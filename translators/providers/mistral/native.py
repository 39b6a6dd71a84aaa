"""Bodies that are Mistral's chats already, as lines of a batch's input.

Unknown members pass. What changes, because Mistral is known to refuse it:

    model                          left out: the job names it
    stream                         left out: a batch has no streams
    max_completion_tokens, seed    under Mistral's names
    reasoning_effort, limits, …    by the model's rules (`chat_completions.native_rules`)
    top_p beside temperature 0     dropped
    user, logit_bias, …            dropped: Mistral has none of them
    null, []                       left out where that says the same, in messages too
    messages                       `native_messages`

Mistral: api/endpoint/chat; mistralai 3.7: models/chatcompletionrequest.py.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Raw

from translators.bedrock.converse import Note
from translators.errors import Refused
from translators.providers.batch_file import Line
from translators.providers.chat_completions import native_plain
from translators.providers.chat_completions.lines import ENDPOINT, short_line_of
from translators.providers.chat_completions.native_rules import check_end, fit_to_model
from translators.providers.chat_completions.traits import Traits, traits_of
from translators.providers.mistral.models import MODELS
from translators.providers.mistral.native_messages import messages
from translators.providers.mistral.parameters import DROPPED
from translators.providers.native.empty_members import holds_nothing, remove_empty
from translators.providers.native.media import clean_chat_messages
from translators.providers.native.parameters import fitted_once
from translators.providers.rules.checks import fitted_seed
from translators.providers.rules.model_rules import ModelRules, Overrides
from translators.whole_numbers import write_whole
from translators.wire import Members

_OPTIONAL = frozenset(
    {
        *("frequency_penalty", "guardrails", "logprobs", "max_completion_tokens", "max_tokens", "metadata"),
        *("min_tokens", "n", "parallel_tool_calls", "prediction", "presence_penalty", "random_seed"),
        *("reasoning_effort", "repetition_penalty", "response_format", "safe_prompt", "seed", "stop"),
        *("stream", "temperature", "tool_choice", "tools", "top_k", "top_logprobs", "top_p"),
    }
)
"""Members without meaning where they are null or an empty list; null in `prompt_mode` has one."""
_RENAMED: Mapping[str, str] = MappingProxyType({"max_completion_tokens": "max_tokens", "seed": "random_seed"})
_DROPPED: Mapping[str, str] = MappingProxyType(
    {
        **DROPPED,
        "stream_options": "a batch has no streams",
        "store": "answers are kept in the job's bucket only",
        "service_tier": "a batch has its own",
        "safety_identifier": DROPPED["user"],
        "verbosity": "Mistral has no verbosity",
    }
)
_NO_CALL = frozenset({b'"auto"', b'"none"'})
_NO_PARAMETERS = Raw(b'{"type":"object","properties":{}}')

_MODEL = Note("model", "mapped", "the job says which model answers")
_GREEDY = Note("top_p", "dropped", "at temperature 0 there is nothing to sample from")
_WITHOUT_TOOLS = Note("parallel_tool_calls", "dropped", "the record has no tools")

_BODY = msgspec.json.Decoder(dict[str, Raw])
_TOOLS = msgspec.json.Decoder(list[dict[str, Any]])
_ENCODER = msgspec.json.Encoder()


def line(custom_id: str, model_input: Raw | Members, model: str, overrides: Overrides = ()) -> Line:
    """The line that asks Mistral what the body asks; the job names the model. Raises `Refused`."""
    notes: list[Note] = []
    body = _read(model_input) if isinstance(model_input, Raw) else model_input
    given = body.pop("messages", None)
    traits = _traits(model, overrides)
    parameters = _parameters(body, notes, model, traits)
    if given is None:
        return short_line_of(custom_id, ENDPOINT, parameters, notes)
    check_end(bytes(given), traits.rules, notes)
    sent = messages(clean_chat_messages(given), notes, thinks=traits.rules.reasons)
    return short_line_of(custom_id, ENDPOINT, {**parameters, "messages": sent}, notes)


def plain_line(
    custom_id: str, plain: native_plain.Body, model: str, overrides: Overrides = ()
) -> Line | None:
    """The same of a body of texts and common parameters only; None where a rule concerns it."""
    turns = plain.messages
    if turns[-1].role != "user" or any([turn.role == "system" for turn in turns[1:]]):
        return None
    if plain.temperature == 0 and plain.top_p is not None:
        return None
    notes: list[Note] = []
    body = native_plain.body_for(plain, model, _traits(model, overrides), notes)
    if body is None:
        return None
    del body["model"]
    return short_line_of(custom_id, ENDPOINT, body, notes)


def _fit_parameters(body: dict[str, Any], notes: list[Note], model: str, traits: Traits) -> Mapping[str, Any]:
    if "model" in body and body.pop("model") != Raw(_ENCODER.encode(model)):
        notes.append(_MODEL)
    remove_empty(body, _OPTIONAL)
    write_whole(body)
    if "stream" in body and bytes(body.pop("stream")) != b"false":
        raise Refused("stream", "a batch has no streams; accepted is false")
    _name_as_mistral(body, notes)
    _fit_tools(body, notes)
    fit_to_model(body, traits, notes)
    if "random_seed" in body:
        _fit_seed(body, traits.rules, notes)
    return body


_parameters = fitted_once(_fit_parameters)
_traits = traits_of(MODELS, Traits(limit="max_tokens"))


def _read(model_input: Raw) -> Members:
    try:
        return _BODY.decode(model_input)
    except (ValueError, RecursionError) as error:
        raise Refused("modelInput", str(error)) from error


def _name_as_mistral(body: dict[str, Any], notes: list[Note]) -> None:
    """Members under Mistral's names, without those that it has none for."""
    for given, sent in _RENAMED.items():
        if given in body:
            value = body.pop(given)
            if body.setdefault(sent, value) is value:
                notes.append(Note(given, "mapped", f"sent as {sent}"))
            else:
                notes.append(Note(given, "dropped", f"{sent} counts"))
    for name in [name for name in body if name in _DROPPED]:
        if not holds_nothing(bytes(body.pop(name))):
            notes.append(Note(name, "dropped", _DROPPED[name]))
    if "top_p" in body and _number(body, "temperature") == 0 and _number(body, "top_p") != 1:
        # 400 "top_p must be 1 when using greedy sampling." (devoxx/DevoxxGenieIDEAPlugin#338)
        del body["top_p"]
        notes.append(_GREEDY)


def _number(body: Members, name: str) -> float | None:
    try:
        return msgspec.json.decode(body[name], type=float) if name in body else None
    except msgspec.ValidationError:
        return None  # Mistral says what is wrong with it


def _fit_tools(body: dict[str, Any], notes: list[Note]) -> None:
    """Parameters for functions without, which Mistral requires; what is about tools only beside tools."""
    if "tools" in body:
        if b'"parameters"' not in bytes(body["tools"]):
            body["tools"] = _with_parameters(body["tools"])
        return
    if "tool_choice" in body and bytes(body.pop("tool_choice")) not in _NO_CALL:
        raise Refused("tool_choice", "may only be specified while providing tools")
    if body.pop("parallel_tool_calls", None) is not None:
        notes.append(_WITHOUT_TOOLS)


def _with_parameters(tools: Raw) -> object:
    try:
        decoded = _TOOLS.decode(tools)
    except msgspec.DecodeError:
        return tools  # Mistral says what is wrong with them
    for tool in decoded:
        if isinstance(tool.get("function"), dict):
            tool["function"].setdefault("parameters", _NO_PARAMETERS)
    return decoded


def _fit_seed(body: dict[str, Any], rules: ModelRules, notes: list[Note]) -> None:
    asked = msgspec.json.decode(body["random_seed"])
    if isinstance(asked, int):
        body["random_seed"] = fitted_seed(asked, rules, "random_seed", notes)
