"""Cohere Command R and R+ under InvokeModel: a message with a history, documents and tools.

AWS: model-parameters-cohere-command-r-plus. Cohere: reference/chat (v1), for tool turns in the history. Tool
calls have no id: a result repeats the call that it belongs to.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Raw, Struct

from translators.bedrock import converse
from translators.bedrock.families.body_decoder import decoded
from translators.bedrock.families.cohere.citations import Cited, Document, cited, search_result
from translators.bedrock.families.cohere.tools import Tool, schema
from translators.bedrock.families.converse_content import texts_in
from translators.bedrock.families.prompts import message
from translators.bedrock.model_ids import ModelId
from translators.errors import Refused


class _Call(Struct, forbid_unknown_fields=True):
    name: str
    parameters: dict[str, Any]


class _Result(Struct, forbid_unknown_fields=True):
    call: _Call
    outputs: list[dict[str, Any]]


class _Turn(Struct, forbid_unknown_fields=True):
    role: Literal["USER", "CHATBOT", "SYSTEM", "TOOL"]
    message: str | None = None
    tool_calls: list[_Call] | None = None
    tool_results: list[_Result] | None = None


class Body(Struct, forbid_unknown_fields=True):
    message: str
    chat_history: list[_Turn] | None = None
    documents: list[Document] | None = None
    preamble: str | None = None
    tools: list[Tool] | None = None
    tool_results: list[_Result] | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    temperature: converse.Fraction | None = None
    p: converse.Fraction | None = None
    k: Annotated[float, Meta(ge=0, le=500)] | None = None
    frequency_penalty: converse.Fraction | None = None
    presence_penalty: converse.Fraction | None = None
    seed: int | None = None
    stop_sequences: list[converse.NonEmpty] | None = None
    prompt_truncation: Literal["OFF", "AUTO_PRESERVE_ORDER"] | None = None
    search_queries_only: bool | None = None
    return_prompt: bool | None = None
    raw_prompting: bool | None = None


class _Repeated(Struct):
    """The members of the body that the response repeats."""

    message: str
    chat_history: list[Raw] = []
    documents: list[Document] = []
    tool_results: list[Raw] = []


class _Called(Struct):
    name: str
    parameters: Raw


class _CallOfResult(Struct):
    call: _Called


class _OutputTurn(Struct, omit_defaults=True):
    role: Literal["USER", "CHATBOT", "TOOL"]
    message: str | None = None
    tool_calls: list[_Called] | None = None
    tool_results: list[Raw] | None = None


type _FinishReason = Literal["COMPLETE", "STOP_SEQUENCE", "MAX_TOKENS", "ERROR", "ERROR_TOXIC", "ERROR_LIMIT"]


class _Answer(Struct, omit_defaults=True):
    response_id: str
    text: str
    generation_id: str
    chat_history: list[Raw | _OutputTurn]
    finish_reason: _FinishReason
    citations: list[Cited] | None = None
    tool_calls: list[_Called] | None = None


class _IdentifiedCall(NamedTuple):
    """A call of an earlier turn and its id in the hub."""

    call: _Call
    id: str


_DECODER = msgspec.json.Decoder(Body)
_REPEATED = msgspec.json.Decoder(_Repeated)
_CALL_OF_RESULT = msgspec.json.Decoder(_CallOfResult)

_FINISH_REASONS: Mapping[converse.StopReason, _FinishReason] = MappingProxyType(
    {
        "end_turn": "COMPLETE",  # upper case on the live API, lower case in AWS's documentation
        "tool_use": "COMPLETE",
        "stop_sequence": "STOP_SEQUENCE",
        "max_tokens": "MAX_TOKENS",
        "content_filtered": "ERROR_TOXIC",
        "guardrail_intervened": "ERROR_TOXIC",
        "model_context_window_exceeded": "ERROR_LIMIT",
        "malformed_model_output": "ERROR",
        "malformed_tool_use": "ERROR",
    }
)

_TRUNCATION = converse.Note(
    "prompt_truncation", "dropped", "a record that is too long is refused by the provider"
)
_ONLY_COHERE = MappingProxyType(
    {
        "search_queries_only": "only Cohere's models answer with search queries",
        "return_prompt": "the prompt that a provider makes of a conversation is not known",
        "raw_prompting": "the message is in the words of Cohere's own template",
    }
)
_ONLY_COHERE_VALUES: Callable[[Body], tuple[bool | None, ...]] = attrgetter(*_ONLY_COHERE)
_EXTRAS = ("seed", "frequency_penalty", "presence_penalty")
_EXTRA_VALUES: Callable[[Body], tuple[object, ...]] = attrgetter(*_EXTRAS)
_EMPTY_CONFIG = converse.InferenceConfig()


def has_model(model: ModelId) -> bool:
    """Whether this is Command R or R+."""
    return model.vendor == "cohere" and model.model.startswith("command-r")


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members is Command R's."""
    return "message" in members


def request(model_input: Raw | Body) -> converse.Request:
    """The Converse request of a body. Raises `Refused` naming the field."""
    body = decoded(_DECODER, model_input) if isinstance(model_input, Raw) else model_input
    if True in (asked := _ONLY_COHERE_VALUES(body)):
        name, why = next(item for item, value in zip(_ONLY_COHERE.items(), asked, strict=True) if value)
        raise Refused(name, f"{why}; accepted is false")
    return converse.NotedRequest(
        messages=_messages(body),
        system=[converse.SystemBlock(body.preamble)] if body.preamble else None,
        inference_config=_inference(body),
        tool_config=_tool_config(body.tools) if body.tools else None,
        additional_model_request_fields=_extras(body) or None,
        notes=(_TRUNCATION,) if body.prompt_truncation == "AUTO_PRESERVE_ORDER" else (),
    )


def output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """Command R's response, with the history that the next message continues. Raises `Refused`."""
    body = _REPEATED.decode(model_input)
    content = answer.response.output.message.content
    text = answer.separator.join(texts_in(answer, "text, tool use and reasoning", calls=True))
    uses = (block.tool_use for block in content)
    calls = [_Called(use.name, use.input) for use in uses if use is not None] or None
    history: list[Raw | _OutputTurn] = [*body.chat_history]
    if body.message:
        history.append(_OutputTurn("USER", body.message))
    if body.tool_results:
        if body.message:  # the turn of the calls is not in the body, only their results are
            earlier = [_CALL_OF_RESULT.decode(result).call for result in body.tool_results]
            history.append(_OutputTurn("CHATBOT", "", earlier))
        history.append(_OutputTurn("TOOL", tool_results=body.tool_results))
    history.append(_OutputTurn("CHATBOT", text, calls))
    return msgspec.json.encode(
        _Answer(
            response_id=answer.id,
            text=text,
            generation_id=answer.id,
            chat_history=history,
            finish_reason=_FINISH_REASONS[answer.response.stop_reason],
            citations=cited(answer, body.documents) or None,
            tool_calls=calls,
        )
    )


def _inference(body: Body) -> converse.InferenceConfig | None:
    config = converse.InferenceConfig(body.max_tokens, body.temperature, body.p, body.stop_sequences or None)
    return None if config == _EMPTY_CONFIG else config


def _extras(body: Body) -> dict[str, object]:
    extras: dict[str, object] = {}
    if body.k:  # 0 switches top-k off
        extras["top_k"] = int(body.k)
    values = _EXTRA_VALUES(body)
    if values.count(None) != len(values):
        extras |= {name: value for name, value in zip(_EXTRAS, values, strict=True) if value is not None}
    return extras


def _tool_config(tools: list[Tool]) -> converse.ToolConfig:
    return converse.ToolConfig(
        [
            converse.Tool(
                converse.ToolSpec(
                    tool.name,
                    converse.InputSchema(schema(tool, f"tools[{index}]")),
                    tool.description or None,
                )
            )
            for index, tool in enumerate(tools)
        ]
    )


def _messages(body: Body) -> list[converse.Message]:
    """The history, then the message with the documents, then the results of the tools that it called."""
    messages, calls = _history(body.chat_history) if body.chat_history else ([], [])
    blocks = [
        converse.ContentBlock(search_result=search_result(document, index))
        for index, document in enumerate(body.documents or [])
    ]
    if body.message:
        blocks.append(converse.ContentBlock(body.message))
    if not body.tool_results:
        if not body.message:
            raise Refused("message", "is empty, and there are no tool_results")
        return [*messages, converse.Message("user", blocks)]
    if body.message:
        # The turn with the calls is not in the history: it is the response to this message.
        calls = _identified([result.call for result in body.tool_results], len(messages))
        messages += [converse.Message("user", blocks), converse.Message("assistant", _tool_uses(calls))]
        blocks = []
    results = _results(body.tool_results, calls, "tool_results")
    return [*messages, converse.Message("user", results + blocks)]


def _history(turns: Sequence[_Turn]) -> tuple[list[converse.Message], list[_IdentifiedCall]]:
    """The messages of the turns, and the calls of the last turn."""
    messages: list[converse.Message] = []
    calls: list[_IdentifiedCall] = []
    for number, turn in enumerate(turns):
        path = f"chat_history[{number}]"
        if turn.role == "TOOL":
            results = _results(turn.tool_results or [], calls, f"{path}.tool_results")
            messages.append(converse.Message("user", results))
            continue
        calls = _identified(turn.tool_calls or [], number)
        if turn.message is None and not calls:
            raise Refused(f"{path}.message", "Field required")
        if turn.role == "CHATBOT":
            text = [converse.ContentBlock(turn.message)] if turn.message else []
            messages.append(converse.Message("assistant", text + _tool_uses(calls)))
        else:
            messages.append(message("user" if turn.role == "USER" else "system", turn.message or ""))
    return messages, calls


def _identified(calls: Sequence[_Call], turn: int) -> list[_IdentifiedCall]:
    return [_IdentifiedCall(call, f"call_{turn}_{number}") for number, call in enumerate(calls)]


def _tool_uses(calls: Sequence[_IdentifiedCall]) -> list[converse.ContentBlock]:
    return [
        converse.ContentBlock(
            tool_use=converse.ToolUseBlock(use_id, call.name, Raw(msgspec.json.encode(call.parameters)))
        )
        for call, use_id in calls
    ]


def _results(
    results: Sequence[_Result], calls: Sequence[_IdentifiedCall], path: str
) -> list[converse.ContentBlock]:
    """Each result with the id of the call that it repeats; of equal calls, the first without a result."""
    waiting = list(calls)
    blocks: list[converse.ContentBlock] = []
    for index, result in enumerate(results):
        answered = next((one for one in waiting if one.call == result.call), None)
        if answered is None:
            raise Refused(f"{path}[{index}].call", "is none of the calls in the turn before")
        waiting.remove(answered)
        content = [converse.ToolResultContent(json=output) for output in result.outputs]
        block = converse.ToolResultBlock(answered.id, content)
        blocks.append(converse.ContentBlock(tool_result=block))
    return blocks
