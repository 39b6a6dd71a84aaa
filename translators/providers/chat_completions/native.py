"""Bodies that are chat completions already: sent as they are, answered as they are.

Unknown members pass. What changes, because models are known to refuse it:

    model                                the job's
    stream, stream_options               dropped: a batch has no streams
    max_tokens | max_completion_tokens   under the name that the model accepts
    reasoning_effort                     the model's closest; none for a model that does not reason
    temperature, top_p, logprobs, …      dropped for models that reason
    top_k, penalties, logprobs, …        dropped where the server is known to refuse them
    parallel_tool_calls                  dropped where it is not accepted
    ids of tool calls                    mapped when too long
    stop                                 the record is refused where the model accepts none
    null, []                             left out where that says the same, in messages too
    tool_choice                          left out without tools; refused where it demands a call

OpenAI: chat/create; what is known of a model is in its `Traits`.
"""

import re
from typing import Any

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import Note
from translators.errors import RecordError, Refused
from translators.providers.batch_file import unreadable
from translators.providers.chat_completions.names import LONGEST_CALL_ID
from translators.providers.chat_completions.parameters import LABELS, SAMPLING, TUNING
from translators.providers.chat_completions.response import ChatUsage, chat_usage
from translators.providers.chat_completions.rows import without_answer
from translators.providers.chat_completions.tools import NOT_STRICT
from translators.providers.chat_completions.traits import ResponseTraits, Traits
from translators.providers.converse_requests import EFFORTS, Effort
from translators.providers.empty_members import holds_nothing, remove_empty
from translators.providers.identifiers import fitting
from translators.providers.json_schemas import fits_strict_mode
from translators.whole_numbers import write_whole
from translators.wire import Members, ModelOutput


class _Completion(Struct):
    choices: list[Raw] | None = None
    usage: ChatUsage | None = None


_BODY = msgspec.json.Decoder(dict[str, Raw])
_MESSAGES = msgspec.json.Decoder(list[dict[str, Raw]])
_COMPLETION = msgspec.json.Decoder(_Completion | None)
_EMPTY_LIST = re.compile(rb"\[\s*\]")
_NULL = re.compile(rb":\s*null")
_TEXT = msgspec.json.Decoder(str)
_ENCODER = msgspec.json.Encoder()

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

_MODEL = Note("model", "mapped", "the job says which model answers")
_STREAM_OPTIONS = Note("stream_options", "dropped", "a batch has no streams")
_CALL_ID = Note("messages.tool_calls.id", "mapped", f"{LONGEST_CALL_ID} characters are taken")
_OTHER_LIMIT = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_LIMIT = {sent: Note(given, "mapped", f"sent as {sent}") for given, sent in _OTHER_LIMIT.items()}
_SAMPLING = ("temperature", "top_p", *SAMPLING)

_RULED = frozenset(
    {"stream", "stream_options", "reasoning_effort", "stop", "parallel_tool_calls", *TUNING, *LABELS}
)
"""Members that have a rule for every model, beside the bound on the answer's length."""
_RULED_WITH_SAMPLING = _RULED | set(_SAMPLING)


def body_for(model_input: Raw | Members, model: str, traits: Traits, notes: list[Note]) -> dict[str, Any]:
    """The body as this model accepts it. Raises `Refused`."""
    body: dict[str, Any] = _read(model_input) if isinstance(model_input, Raw) else model_input
    remove_empty(body, _OPTIONAL)
    write_whole(body)
    if "tools" not in body and "tool_choice" in body:
        _without_tool_choice(body)
    if "model" in body and body["model"] != Raw(_ENCODER.encode(model)):
        notes.append(_MODEL)
    body["model"] = model
    if (other := _OTHER_LIMIT[traits.limit]) in body and traits.limit not in body:
        body[traits.limit] = body.pop(other)
        notes.append(_LIMIT[traits.limit])
    if not (_RULED if traits.sampling == "always" else _RULED_WITH_SAMPLING).isdisjoint(body):
        _without_stream(body, notes)
        _reasoning(body, traits, notes)
        _others(body, traits, notes)
    if "tools" in body and b'"strict"' in bytes(body["tools"]):
        _fit_strict_tools(body, notes)
    if "response_format" in body and b'"strict"' in bytes(body["response_format"]):
        _fit_strict_format(body, notes)
    messages = bytes(body.get("messages", b""))
    # `find` sees a single byte much faster; the first is the one around the messages
    if (messages.find(b"[", 1) != -1 and _EMPTY_LIST.search(messages)) or _NULL.search(messages):
        _without_empty_members(body)
    if messages.find(b"_") >= 0 and b'"tool_call' in messages:  # `find` sees a single byte much faster
        _fit_call_ids(body, notes)
    return body


def _read(model_input: Raw) -> Members:
    try:
        return _BODY.decode(model_input)
    except (ValueError, RecursionError) as error:
        raise Refused("modelInput", str(error)) from error


def answer_in(body: Raw, traits: ResponseTraits) -> ModelOutput | RecordError:
    """The chat completion as it is, or the error where it is none."""
    try:
        completion = _COMPLETION.decode(body)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if completion is None or not completion.choices:
        return without_answer(body)
    usage = chat_usage(completion.usage or ChatUsage(), traits)
    output = _with_tokens(body, usage.output_tokens) if traits.reasoning_apart else bytes(body)
    return ModelOutput(output, usage.input_tokens, usage.output_tokens)


def _with_tokens(body: Raw, output_tokens: int) -> bytes:
    """The completion with reasoning counted in `completion_tokens`, for servers that leave it out."""
    members = _BODY.decode(body)
    if "usage" in members:
        usage = _BODY.decode(members["usage"])
        usage["completion_tokens"] = Raw(_ENCODER.encode(output_tokens))
        members["usage"] = Raw(_ENCODER.encode(usage))
    return _ENCODER.encode(members)


def _has(body: Members, name: str) -> bool:
    """Whether the member is there and neither null, false nor an empty list."""
    said = bytes(body.get(name, b"null"))
    return said != b"false" and not holds_nothing(said)


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


def _without_empty_members(body: Members) -> None:
    """Remove members of messages that hold nothing; other messages keep their bytes."""
    try:
        messages = _MESSAGES.decode(body["messages"])
    except ValueError:
        return  # of another form, which the provider refuses
    if any([_without_empty(message) for message in messages]):
        body["messages"] = Raw(_ENCODER.encode(messages))


def _without_stream(body: Members, notes: list[Note]) -> None:
    if "stream" in body:
        if _has(body, "stream"):
            raise Refused("stream", "a batch has no streams; accepted is false")
        del body["stream"]
    if "stream_options" in body:
        if _has(body, "stream_options"):
            notes.append(_STREAM_OPTIONS)
        del body["stream_options"]


def _without_empty(message: Members) -> bool:
    """Remove the members of a message that hold nothing; whether there was one."""
    changed = remove_empty(message, _OPTIONAL_IN_MESSAGES)
    if "content" in message and _EMPTY_LIST.fullmatch(bytes(message["content"])):
        message["content"] = Raw(b'""')
        return True
    return changed


def _reasoning(body: Members, traits: Traits, notes: list[Note]) -> None:
    effort = _effort(body) if "reasoning_effort" in body else None
    if effort is not None and traits.efforts == ():
        del body["reasoning_effort"]
        notes.append(
            Note("reasoning_effort", "dropped", "the model has no efforts of reasoning to choose from")
        )
    elif effort is not None and traits.efforts is not None:
        sent = traits.effort(effort)
        if sent is None:
            del body["reasoning_effort"]
            notes.append(Note("reasoning_effort", "dropped", "the model reasons as much as it sees fit"))
        elif sent != effort:
            body["reasoning_effort"] = Raw(_ENCODER.encode(sent))
            notes.append(Note("reasoning_effort", "mapped", f"sent as {sent!r}"))
    if traits.sampling == "always" or (traits.sampling == "without reasoning" and effort == "none"):
        return
    for name in [name for name in _SAMPLING if name in body]:
        if _has(body, name):
            notes.append(Note(name, "dropped", "the model reasons and takes no sampling parameters"))
        del body[name]


def _effort(body: Members) -> Effort | None:
    """The effort asked for, when it is a word that is traits."""
    asked = bytes(body.get("reasoning_effort", Raw(b"null")))
    return next((effort for effort in EFFORTS if asked == b'"%s"' % effort.encode()), None)


def _others(body: Members, traits: Traits, notes: list[Note]) -> None:
    if not traits.stop and _has(body, "stop"):
        raise Refused("stop", "the model takes no stop sequences")
    for name in () if traits.lenient else (*TUNING, *LABELS):
        if name in body and name not in traits.additional:
            if _has(body, name):
                notes.append(Note(name, "dropped", "the provider does not take it"))
            del body[name]
    if "parallel_tool_calls" in body and not (traits.parallel_tool_calls and _has(body, "tools")):
        del body["parallel_tool_calls"]
        notes.append(Note("parallel_tool_calls", "dropped", "not taken without tools, or by this model"))


def _fit_call_ids(body: Members, notes: list[Note]) -> None:
    """Shorten ids of calls and of their results alike; messages without long ones keep their bytes."""
    try:
        messages = _MESSAGES.decode(body["messages"])
        fitted = [_fitted(message) for message in messages]
    except ValueError:
        return  # of another form, which the provider refuses
    if any(fitted):
        body["messages"] = Raw(_ENCODER.encode(messages))
        notes.append(_CALL_ID)


def _fitted(message: Members) -> bool:
    """Shorten the ids in a message; whether one was too long."""
    shortened = _shortened(message, "tool_call_id")
    if _has(message, "tool_calls"):
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
