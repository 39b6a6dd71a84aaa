"""Bodies that are chat completions already: sent as they are, answered as they are.

Unknown members pass. What changes, because models are known to refuse it:

    model                                the job's
    stream, stream_options               dropped: a batch has no streams
    max_tokens | max_completion_tokens   under the name that the model accepts
    reasoning_effort, temperature, …     what the model's rules say                  native_rules.py
    top_k, penalties, logprobs, …        dropped where the server is known to refuse them
    parallel_tool_calls                  dropped where it is not accepted
    ids of tool calls                    mapped when too long
    stop                                 the record is refused where the model accepts none
    null, []                             left out where that says the same, in messages too
    tool_choice                          left out without tools; refused where it demands a call

OpenAI: chat/create; what is known of a model is in its `Traits`.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from translators.bedrock.converse import Answer, Note, Request, StopReason
from translators.errors import RecordError, Refused
from translators.providers.answers.received import compact, parsed
from translators.providers.answers.stop_reasons import stop_reason
from translators.providers.chat_completions import response
from translators.providers.chat_completions.names import LONGEST_CALL_ID
from translators.providers.chat_completions.native_rules import check_end, fit_to_model, has
from translators.providers.chat_completions.parameters import LABELS, TUNING
from translators.providers.chat_completions.response import ChatUsage, chat_usage
from translators.providers.chat_completions.tools import NOT_STRICT
from translators.providers.chat_completions.traits import ResponseTraits, Traits
from translators.providers.identifiers import fitting
from translators.providers.json_schemas import fits_strict_mode
from translators.providers.native.empty_members import remove_empty
from translators.providers.native.media import clean_chat_messages
from translators.providers.native.parameters import fitted_once
from translators.whole_numbers import write_whole
from translators.wire import Members, ModelOutput


class _Called(Struct):
    name: str
    arguments: str


class _Call(Struct):
    function: _Called
    id: str


class _Message(Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(Struct):
    message: _Message
    finish_reason: Any = None


class _LabelledChoice(Struct):
    message: _Message
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter", "function_call"]


class _Completion[One](Struct):
    """A chat completion of the usual form, as applications read it."""

    choices: Annotated[list[One], Meta(min_length=1)]
    usage: ChatUsage | None = None
    id: str | None = None
    created: float | None = None
    model: str | None = None


_BODY = msgspec.json.Decoder(dict[str, Raw])
_MESSAGES = msgspec.json.Decoder(list[dict[str, Raw]])
_COMPLETION = msgspec.json.Decoder(_Completion[_LabelledChoice])
_ODDLY_ENDED = msgspec.json.Decoder(_Completion[_Choice])
_TEXT = msgspec.json.Decoder(str)
_ENCODER = msgspec.json.Encoder()

_OWN: Mapping[str, StopReason] = MappingProxyType(
    {
        "stop": "end_turn",
        "length": "max_tokens",
        "tool_calls": "end_turn",
        "function_call": "end_turn",
        "content_filter": "content_filtered",
    }
)
_FINISH_REASONS: Mapping[StopReason, str] = MappingProxyType(
    {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "content_filtered": "content_filter",
    }
)
_EMPTY_LIST = re.compile(rb"\[\s*\]")
_NULL = re.compile(rb":\s*null")

_OPTIONAL = frozenset(
    {
        *("audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs"),
        *("max_completion_tokens", "max_tokens", "metadata", "modalities", "moderation", "n"),
        *("parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key"),
        *("prompt_cache_options", "prompt_cache_retention", "reasoning_effort", "response_format"),
        *("safety_identifier", "seed", "service_tier", "stop", "store", "stream", "stream_options"),
        *("temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity"),
        *("web_search_options", "top_k", "min_p", "typical_p", "repetition_penalty"),
    }
)
"""Members that say nothing where they are null or an empty list (openai 3.54:
chat/completion_create_params.py). OpenAI refuses the lists: "[] is too short - 'tools'"; some compatible
servers refuse null."""
_OPTIONAL_IN_MESSAGES = frozenset(
    {
        "annotations",
        "audio",
        "function_call",
        "name",
        "reasoning",
        "reasoning_content",
        "refusal",
        "tool_calls",
    }
)
"""The same for members of messages. `content` may be null beside calls."""
_NO_CALL = frozenset({b'"auto"', b'"none"'})

MODEL_NOTE = Note("model", "mapped", "the job says which model answers")
_STREAM_OPTIONS = Note("stream_options", "dropped", "a batch has no streams")
_CALL_ID = Note("messages.tool_calls.id", "mapped", f"{LONGEST_CALL_ID} characters are taken")
_OTHER_LIMIT = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
LIMIT_NOTES = {sent: Note(given, "mapped", f"sent as {sent}") for given, sent in _OTHER_LIMIT.items()}


def body_for(model_input: Raw | Members, model: str, traits: Traits, notes: list[Note]) -> dict[str, object]:
    """The body as this model accepts it. Raises `Refused`."""
    body = _read(model_input) if isinstance(model_input, Raw) else model_input
    messages = body.pop("messages", None)
    parameters = _parameters(body, notes, model, traits)
    if messages is None:
        return dict(parameters)
    return {**parameters, "messages": _fitted_messages(messages, traits, notes)}


def _fit_parameters(body: Members, notes: list[Note], model: str, traits: Traits) -> Mapping[str, object]:
    remove_empty(body, _OPTIONAL)
    write_whole(body)
    if "tools" not in body and "tool_choice" in body:
        _without_tool_choice(body)
    if "model" in body and body.pop("model") != Raw(_ENCODER.encode(model)):
        notes.append(MODEL_NOTE)
    if (other := _OTHER_LIMIT[traits.limit]) in body and traits.limit not in body:
        body[traits.limit] = body.pop(other)
        notes.append(LIMIT_NOTES[traits.limit])
    _without_stream(body, notes)
    _others(body, traits, notes)
    if "tools" in body and b'"strict"' in bytes(body["tools"]):
        _fit_strict_tools(body, notes)
    if "response_format" in body and b'"strict"' in bytes(body["response_format"]):
        _fit_strict_format(body, notes)
    fit_to_model(body, traits, notes)
    return {"model": model, **body}


_parameters = fitted_once(_fit_parameters)


def _fitted_messages(messages: Raw, traits: Traits, notes: list[Note]) -> Raw:
    """The messages; those that need no change keep their bytes."""
    check_end(bytes(messages), traits.rules, notes)
    messages = clean_chat_messages(messages)
    written = bytes(messages)
    # `find` sees a single byte much faster; the first is the one around the messages
    if (written.find(b"[", 1) != -1 and _EMPTY_LIST.search(written)) or (
        written.find(b"null") != -1 and _NULL.search(written)
    ):
        messages = _without_empty_members(messages)
    if written.find(b"_") >= 0 and b'"tool_call' in written:
        messages = _fit_call_ids(messages, notes)
    return messages


def _read(model_input: Raw) -> Members:
    try:
        return _BODY.decode(model_input)
    except (ValueError, RecursionError) as error:
        raise Refused("modelInput", str(error)) from error


def answer_in(body: Raw, traits: ResponseTraits) -> ModelOutput | Answer | RecordError:
    """The chat completion as it is; in the hub where labels in it are not the usual ones."""
    try:
        completion = _COMPLETION.decode(body)
    except (ValueError, RecursionError):
        return _unusual(body, traits)
    return _as_it_is(bytes(body), completion.usage or ChatUsage(), traits)


def _as_it_is(body: bytes, given: ChatUsage, traits: ResponseTraits, *notes: Note) -> ModelOutput:
    usage = chat_usage(given, traits)
    if traits.reasoning_apart and given.completion_tokens is not None:
        body = _with_tokens(body, usage.output_tokens)
    return ModelOutput(body, usage.input_tokens, usage.output_tokens, notes)


def _unusual(body: Raw, traits: ResponseTraits) -> ModelOutput | Answer | RecordError:
    """A completion with stop words of the server's own mapped; else the form that the hub can read."""
    try:
        completion = _ODDLY_ENDED.decode(body)
    except (ValueError, RecursionError):
        read = response.answer_in(body, _nothing_asked, traits)
        if isinstance(read, RecordError) and _is_list(parsed(body)):
            return _as_it_is(compact(body), ChatUsage(), traits)
        return read
    notes: list[Note] = []
    members = _BODY.decode(body)
    choices = _MESSAGES.decode(members["choices"])
    for choice, ended in zip(choices, completion.choices, strict=True):
        word = _finish_reason(ended, notes)
        if word is not None:
            choice["finish_reason"] = Raw(_ENCODER.encode(word))
    members["choices"] = Raw(_ENCODER.encode(choices))
    return _as_it_is(_ENCODER.encode(members), completion.usage or ChatUsage(), traits, *notes)


def _is_list(body: Any) -> bool:
    """Whether there are choices, of whatever form."""
    match body:
        case {"choices": [_, *_]}:
            return True
        case _:
            return False


def _finish_reason(choice: _Choice, notes: list[Note]) -> str | None:
    """OpenAI's word for the server's own; None where there is no word."""
    said = choice.message.content or choice.message.tool_calls or ()
    reason = stop_reason(choice.finish_reason, _OWN, "finish_reason", said, notes)
    if isinstance(reason, RecordError):
        return None
    return "tool_calls" if choice.message.tool_calls and reason == "end_turn" else _FINISH_REASONS[reason]


def _nothing_asked() -> Request:
    """In place of the record: what was sent as it is has no names to map back."""
    return Request([])


def _with_tokens(body: bytes, output_tokens: int) -> bytes:
    """The completion with reasoning counted in `completion_tokens`, for servers that leave it out."""
    members = _BODY.decode(body)
    usage = _BODY.decode(members["usage"])
    usage["completion_tokens"] = Raw(_ENCODER.encode(output_tokens))
    members["usage"] = Raw(_ENCODER.encode(usage))
    return _ENCODER.encode(members)


def _without_tool_choice(body: Members) -> None:
    """OpenAI: "'tool_choice' is only allowed when 'tools' are specified". Raises `Refused` for a choice that
    demands a call."""
    if bytes(body["tool_choice"]) not in _NO_CALL:
        raise Refused("tool_choice", "may only be specified while providing tools")
    del body["tool_choice"]


def _fit_strict_tools(body: Members, notes: list[Note]) -> None:
    """Functions are not strict where strict mode refuses their schema, with a 400 for the whole record."""
    try:
        tools = _MESSAGES.decode(body["tools"])
        functions = [_BODY.decode(tool.get("function", b"{}")) for tool in tools]
    except ValueError:
        return  # of another form, which the provider refuses
    unfit = [at for at, function in enumerate(functions) if not _may_be_strict(function, "parameters")]
    for at in unfit:
        del functions[at]["strict"]
        tools[at]["function"] = Raw(_ENCODER.encode(functions[at]))
    if unfit:
        body["tools"] = Raw(_ENCODER.encode(tools))
        notes.append(Note("tools.function.strict", NOT_STRICT.effect, NOT_STRICT.detail))


def _fit_strict_format(body: Members, notes: list[Note]) -> None:
    try:
        form = _BODY.decode(body["response_format"])
        schema = _BODY.decode(form.get("json_schema", b"{}"))
    except ValueError:
        return  # of another form, which the provider refuses
    if not _may_be_strict(schema, "schema"):
        del schema["strict"]
        form["json_schema"] = Raw(_ENCODER.encode(schema))
        body["response_format"] = Raw(_ENCODER.encode(form))
        notes.append(Note("response_format.json_schema.strict", NOT_STRICT.effect, NOT_STRICT.detail))


def _may_be_strict(members: Members, schema: str) -> bool:
    """Whether it is not strict, or its schema allows it to be."""
    return bytes(members.get("strict", b"")) != b"true" or fits_strict_mode(bytes(members.get(schema, b"")))


def _without_empty_members(messages: Raw) -> Raw:
    """The messages without members that hold nothing."""
    try:
        decoded = _MESSAGES.decode(messages)
    except ValueError:
        return messages  # of another form, which the provider refuses
    changed = any([_without_empty(message) for message in decoded])
    return Raw(_ENCODER.encode(decoded)) if changed else messages


def _without_stream(body: Members, notes: list[Note]) -> None:
    if "stream" in body:
        if has(body, "stream"):
            raise Refused("stream", "a batch has no streams; accepted is false")
        del body["stream"]
    if "stream_options" in body:
        if has(body, "stream_options"):
            notes.append(_STREAM_OPTIONS)
        del body["stream_options"]


def _without_empty(message: Members) -> bool:
    """Remove the members of a message that hold nothing; whether there was one."""
    changed = remove_empty(message, _OPTIONAL_IN_MESSAGES)
    if "content" in message and _EMPTY_LIST.fullmatch(bytes(message["content"])):
        message["content"] = Raw(b'""')
        return True
    return changed


def _others(body: Members, traits: Traits, notes: list[Note]) -> None:
    if not traits.rules.stop and has(body, "stop"):
        raise Refused("stop", "the model takes no stop sequences")
    for name in () if traits.lenient else (*TUNING, *LABELS):
        if name in body and name not in traits.additional:
            if has(body, name):
                notes.append(Note(name, "dropped", "the provider does not take it"))
            del body[name]
    if "parallel_tool_calls" in body and not (traits.rules.parallel_tool_calls and has(body, "tools")):
        del body["parallel_tool_calls"]
        notes.append(Note("parallel_tool_calls", "dropped", "not taken without tools, or by this model"))


def _fit_call_ids(messages: Raw, notes: list[Note]) -> Raw:
    """The messages with shorter ids of calls, and of their results alike."""
    try:
        decoded = _MESSAGES.decode(messages)
        fitted = [_fitted(message) for message in decoded]
    except ValueError:
        return messages  # of another form, which the provider refuses
    if not any(fitted):
        return messages
    notes.append(_CALL_ID)
    return Raw(_ENCODER.encode(decoded))


def _fitted(message: Members) -> bool:
    """Shorten the ids in a message; whether one was too long."""
    shortened = _shortened(message, "tool_call_id")
    if has(message, "tool_calls"):
        calls = _MESSAGES.decode(message["tool_calls"])
        if any([_shortened(call, "id") for call in calls]):
            message["tool_calls"] = Raw(_ENCODER.encode(calls))
            shortened = True
    return shortened


def _shortened(members: Members, name: str) -> bool:
    call_id = _TEXT.decode(members[name]) if name in members else ""
    if len(call_id) <= LONGEST_CALL_ID:
        return False
    members[name] = Raw(_ENCODER.encode(fitting(call_id, LONGEST_CALL_ID)))
    return True
