"""Bodies that are chat completions already: sent as they are, answered as they are.

Members that nobody here has heard of pass. What changes, because OpenAI's models are known to refuse it:

    model                                the job's
    stream, stream_options               left out: a batch has no streams
    max_tokens | max_completion_tokens   under the name that the model takes
    reasoning_effort                     the model's closest; none for a model that does not reason
    temperature, top_p, logprobs, …      left out for models that reason
    top_k, penalties, logprobs, …        left out where the server is known not to take them
    parallel_tool_calls                  left out where it is not taken
    ids of tool calls                    mapped when too long
    stop                                 the record is refused where the model takes none

OpenAI: chat/create; `models` says what is known of which model.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import Note
from translators.errors import RecordError, Refused
from translators.providers.names import fitting
from translators.providers.openai.lines import line_of
from translators.providers.openai.models import EFFORTS, Effort, Traits, traits
from translators.providers.openai.names import LONGEST_CALL_ID
from translators.providers.openai.parameters import LABELS, SAMPLING, TUNING, nearest
from translators.providers.openai.request import ENDPOINT
from translators.providers.openai.response import OPENAI, ChatUsage, Manner, usage_of
from translators.providers.openai.rows import body_of, unreadable, without_answer
from translators.providers.rows import Line, Unfinished
from translators.wire import Members, ModelOutput


class _Completion(Struct):
    choices: list[Raw] | None = None
    usage: ChatUsage | None = None


_BODY = msgspec.json.Decoder(dict[str, Raw])
_MESSAGES = msgspec.json.Decoder(list[dict[str, Raw]])
_COMPLETION = msgspec.json.Decoder(_Completion | None)
_TEXT = msgspec.json.Decoder(str)
_ENCODER = msgspec.json.Encoder()

_NOTHING = frozenset({b"null", b"false", b"[]"})

_MODEL = Note("model", "mapped", "the job says which model answers")
_STREAM_OPTIONS = Note("stream_options", "dropped", "a batch has no streams")
_CALL_ID = Note("messages.tool_calls.id", "mapped", f"{LONGEST_CALL_ID} characters are taken")
_OTHER_LIMIT = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_LIMIT = {sent: Note(said, "mapped", f"sent as {sent}") for said, sent in _OTHER_LIMIT.items()}
_SAMPLING = ("temperature", "top_p", *SAMPLING)

_RULED = frozenset(
    {"stream", "stream_options", "reasoning_effort", "stop", "parallel_tool_calls", *TUNING, *LABELS}
)
"""The members that a rule is about, for every model; the bound on the answer's length apart."""
_RULED_WITH_SAMPLING = _RULED | set(_SAMPLING)


def line(custom_id: str, model_input: Raw | Members, model: str) -> Line:
    """The line that asks for what the body asks for. Raises `Refused`."""
    notes: list[Note] = []
    return line_of(custom_id, ENDPOINT, body_for(model_input, model, traits(model), notes), notes)


def line_for(
    custom_id: str, model_input: Raw | Members, model: str, known: Traits, endpoint: str = ENDPOINT
) -> Line:
    """The line that asks for it at a server of OpenAI's form. Raises `Refused`."""
    notes: list[Note] = []
    return line_of(custom_id, endpoint, body_for(model_input, model, known, notes), notes)


def body_for(model_input: Raw | Members, model: str, known: Traits, notes: list[Note]) -> dict[str, Any]:
    """What the body becomes for this model. Raises `Refused`."""
    body: dict[str, Any] = _read(model_input) if isinstance(model_input, Raw) else model_input
    if "model" in body and body["model"] != Raw(_ENCODER.encode(model)):
        notes.append(_MODEL)
    body["model"] = model
    if (other := _OTHER_LIMIT[known.limit]) in body and known.limit not in body:
        body[known.limit] = body.pop(other)
        notes.append(_LIMIT[known.limit])
    if not (_RULED if known.sampling == "always" else _RULED_WITH_SAMPLING).isdisjoint(body):
        _without_stream(body, notes)
        _reasoning(body, known, notes)
        _others(body, known, notes)
    messages = bytes(body.get("messages", b""))
    if messages.find(b"_") >= 0 and b'"tool_call' in messages:  # `find` sees a single byte much faster
        _fit_call_ids(body, notes)
    return body


def _read(model_input: Raw) -> Members:
    try:
        return _BODY.decode(model_input)
    except (ValueError, RecursionError) as error:
        raise Refused("modelInput", str(error)) from error


def answer(row: bytes) -> ModelOutput | RecordError | Unfinished:
    """The chat completion in a row, or why there is none."""
    body = body_of(row)
    return answer_in(body, OPENAI) if isinstance(body, Raw) else body


def answer_in(body: Raw, manner: Manner) -> ModelOutput | RecordError:
    """The chat completion, or why it is none."""
    try:
        completion = _COMPLETION.decode(body)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if completion is None or not completion.choices:
        return without_answer(body)
    usage = usage_of(completion.usage or ChatUsage(), manner)
    shown = _counting(body, usage.output_tokens) if manner.reasoning_apart else bytes(body)
    return ModelOutput(shown, usage.input_tokens, usage.output_tokens)


def _counting(body: Raw, output_tokens: int) -> bytes:
    """The completion with its reasoning among the tokens it counts, where the provider counts it apart."""
    members = _BODY.decode(body)
    if "usage" in members:
        usage = _BODY.decode(members["usage"])
        usage["completion_tokens"] = Raw(_ENCODER.encode(output_tokens))
        members["usage"] = Raw(_ENCODER.encode(usage))
    return _ENCODER.encode(members)


def _says(body: Members, name: str) -> bool:
    """Whether the body has something in this member."""
    return bytes(body.get(name, Raw(b"null"))) not in _NOTHING


def _without_stream(body: Members, notes: list[Note]) -> None:
    if "stream" in body:
        if _says(body, "stream"):
            raise Refused("stream", "a batch has no streams; accepted is false")
        del body["stream"]
    if "stream_options" in body:
        if _says(body, "stream_options"):
            notes.append(_STREAM_OPTIONS)
        del body["stream_options"]


def _reasoning(body: Members, known: Traits, notes: list[Note]) -> None:
    effort = _effort(body) if "reasoning_effort" in body else None
    if effort is not None and known.efforts == ():
        del body["reasoning_effort"]
        notes.append(
            Note("reasoning_effort", "dropped", "the model has no efforts of reasoning to choose from")
        )
    elif effort is not None and known.efforts is not None:
        sent = nearest(effort, known.efforts)
        if sent is None:
            del body["reasoning_effort"]
            notes.append(Note("reasoning_effort", "dropped", "the model reasons as much as it sees fit"))
        elif sent != effort:
            body["reasoning_effort"] = Raw(_ENCODER.encode(sent))
            notes.append(Note("reasoning_effort", "mapped", f"sent as {sent!r}"))
    if known.sampling == "always" or (known.sampling == "without reasoning" and effort == "none"):
        return
    for name in [name for name in _SAMPLING if name in body]:
        if _says(body, name):
            notes.append(Note(name, "dropped", "the model reasons and takes no sampling parameters"))
        del body[name]


def _effort(body: Members) -> Effort | None:
    """The effort asked for, when it is a word that is known."""
    said = bytes(body.get("reasoning_effort", Raw(b"null")))
    return next((effort for effort in EFFORTS if said == b'"%s"' % effort.encode()), None)


def _others(body: Members, known: Traits, notes: list[Note]) -> None:
    if not known.stop and _says(body, "stop"):
        raise Refused("stop", "the model takes no stop sequences")
    for name in () if known.lenient else (*TUNING, *LABELS):
        if name in body and name not in known.additional:
            if _says(body, name):
                notes.append(Note(name, "dropped", "the provider does not take it"))
            del body[name]
    if "parallel_tool_calls" in body and not (known.parallel_tool_calls and _says(body, "tools")):
        del body["parallel_tool_calls"]
        notes.append(Note("parallel_tool_calls", "dropped", "not taken without tools, or by this model"))


def _fit_call_ids(body: Members, notes: list[Note]) -> None:
    """Shorten ids of calls and of their results alike; a message without long ones stays as it is."""
    try:
        messages = _MESSAGES.decode(body["messages"])
        fitted = [_fitted(message) for message in messages]
    except ValueError:
        return  # of another form: the provider says what is wrong with it
    if any(fitted):
        body["messages"] = Raw(_ENCODER.encode(messages))
        notes.append(_CALL_ID)


def _fitted(message: Members) -> bool:
    """Whether an id in the message was too long; then it is another now."""
    shortened = _shortened(message, "tool_call_id")
    if _says(message, "tool_calls"):
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
