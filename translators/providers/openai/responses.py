"""A record as a line for the Responses API, where the configuration chooses it over Chat Completions.

Where each member of a Converse request goes:

    system                            an input message of that role
    messages                          input items, in their order: messages, function calls and their outputs,
                                      OpenAI's own reasoning that comes back
    toolConfig                        tools, tool_choice
    outputConfig.textFormat           text.format
    outputConfig.effort               reasoning.effort
    inferenceConfig                   max_output_tokens, temperature, top_p; stop sequences are refused
    additionalModelRequestFields      as for Chat Completions, but for seed, penalties and logit_bias

`store` is false: its default keeps every answer for 30 days, which neither Bedrock nor Chat Completions does.
Functions are not strict, which is their default.

OpenAI: api-reference responses/create, guides/migrate-to-responses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, assert_never

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import (
    ContentBlock,
    Note,
    ReasoningContent,
    Request,
    ToolConfig,
    ToolResultBlock,
    ToolResultContent,
    ToolUseBlock,
)
from translators.errors import Refused
from translators.providers.batch_file import Line
from translators.providers.chat_completions import parts as chat
from translators.providers.chat_completions.lines import line_of
from translators.providers.chat_completions.messages import CITED, MESSAGES, check_tool_type
from translators.providers.chat_completions.names import fitted_name
from translators.providers.chat_completions.parameters import add_parameters
from translators.providers.chat_completions.tools import (
    ResponseFormat,
    functions,
    response_format,
    tool_choice,
)
from translators.providers.chat_completions.traits import ANY_SCHEMA, Traits
from translators.providers.converse_requests import EXTRA, check_unsent
from translators.providers.identifiers import fitting
from translators.providers.openai.models import traits
from translators.providers.openai.reasoning import Reasoning, item_of
from translators.providers.rules.checks import check_prefill, check_tools_and_schema
from translators.providers.rules.model_rules import Overrides

ENDPOINT: Literal["/v1/responses"] = "/v1/responses"

LONGEST_CALL_ID = 64
"""OpenAI: api-reference responses/create, `call_id`."""


class Text(Struct, frozen=True, tag_field="type", tag="input_text"):
    text: str


class Image(Struct, frozen=True, tag_field="type", tag="input_image"):
    image_url: str
    detail: Literal["auto"] = "auto"
    """Required here; the default elsewhere."""


class File(Struct, frozen=True, tag_field="type", tag="input_file"):
    filename: str
    file_data: str


type Part = Text | Image | File


class Message(Struct, frozen=True):
    role: Literal["system", "user", "assistant"]
    content: str | Sequence[Part]


class FunctionCall(Struct, frozen=True, tag_field="type", tag="function_call"):
    call_id: str
    name: str
    arguments: str
    """JSON, as text."""


class FunctionCallOutput(Struct, frozen=True, tag_field="type", tag="function_call_output"):
    call_id: str
    output: str | Sequence[Part]


type Item = Message | FunctionCall | FunctionCallOutput | Reasoning


class Function(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="function"):
    name: str
    parameters: Raw
    strict: bool
    description: str | None = None


class NamedFunction(Struct, frozen=True, tag_field="type", tag="function"):
    name: str


_REASONING = Note(
    "messages.content.reasoningContent", "dropped", "OpenAI takes back only reasoning of its own"
)
_FAILED = Note(
    "messages.content.toolResult.status", "mapped", "an error is told in words; OpenAI has no field for it"
)
_CALL_ID = Note(
    "messages.content.toolUse.toolUseId",
    "mapped",
    f"OpenAI takes {LONGEST_CALL_ID} letters, digits, '_' and '-'",
)

_NOT_HERE = frozenset({"seed", "presence_penalty", "frequency_penalty", "logit_bias"})
_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {"max_completion_tokens": "max_output_tokens", "max_tokens": "max_output_tokens"}
)
"""Parameters of Chat Completions that the Responses API has under another name."""


def line(custom_id: str, request: Request, model: str, overrides: Overrides = ()) -> Line:
    """The line that asks OpenAI for this record's answer. Raises `Refused`."""
    notes: list[Note] = []
    taken = _traits(model, overrides)
    check_tools_and_schema(request, taken.rules)
    if request.messages[-1].role == "assistant":
        check_prefill(request.messages, len(request.messages) - 1, taken.rules, notes)
    body: dict[str, object] = {"model": model, "input": _items(request, notes), "store": False}
    text: dict[str, object] = {}
    if request.tool_config is not None:
        body |= _tools(request.tool_config, notes)
    if request.output_config is not None:
        form = response_format(request.output_config, ANY_SCHEMA, notes)
        if isinstance(form, ResponseFormat):
            text["format"] = {"type": "json_schema", **msgspec.to_builtins(form.json_schema)}
        elif form is not None:
            text["format"] = form
    _add_parameters(body, text, request, taken, notes)
    if text:
        body["text"] = text
    check_unsent(request, notes)
    return line_of(custom_id, ENDPOINT, body, notes)


@lru_cache(maxsize=64)
def _traits(model: str, overrides: Overrides) -> Traits:
    """The model's traits here, where tools and reasoning go together."""
    found = traits(model, overrides)
    return replace(found, rules=replace(found.rules, tools_with_effort=True))


def _add_parameters(
    body: dict[str, object], text: dict[str, object], request: Request, taken: Traits, notes: list[Note]
) -> None:
    """Chat Completions' parameters, where the Responses API has them. Raises `Refused`."""
    if request.inference_config is not None and request.inference_config.stop_sequences:
        raise Refused("inferenceConfig.stopSequences", "the Responses API takes none; Chat Completions does")
    asked: dict[str, object] = {}
    add_parameters(asked, request, taken, notes)
    for name, value in asked.items():
        if name == "reasoning_effort":
            body["reasoning"] = {"effort": value}
        elif name == "verbosity":
            text["verbosity"] = value
        elif name == "logprobs":
            if value is True:
                body["include"] = ["message.output_text.logprobs"]
        elif name in _NOT_HERE:
            notes.append(Note(f"{EXTRA}.{name}", "dropped", "the Responses API has no such parameter"))
        else:
            body[_ELSEWHERE.get(name, name)] = value


def _tools(config: ToolConfig, notes: list[Note]) -> dict[str, object]:
    """`tools` and `tool_choice`. Raises `Refused`."""
    written: dict[str, object] = {
        "tools": [
            Function(found.name, found.parameters, found.strict is True, found.description)
            for found in functions(config, notes)
        ]
    }
    if config.tool_choice is not None:
        choice = tool_choice(config.tool_choice)
        written["tool_choice"] = choice if isinstance(choice, str) else NamedFunction(choice.function.name)
    return written


def _items(request: Request, notes: list[Note]) -> list[Item]:
    items: list[Item] = []
    if request.system:
        items.append(_system(MESSAGES.system_texts(request.system, notes)))
    for index, message in enumerate(request.messages):
        path = f"messages[{index}].content"
        if message.role == "user":
            items += _user(message.content, path, notes)
        elif message.role == "assistant":
            items += _assistant(message.content, path, notes)
        else:
            items.append(_system(MESSAGES.texts(message.content, path, notes)))
    return items


def _system(texts: Sequence[chat.Text]) -> Message:
    return Message("system", _content([Text(part.text) for part in texts]))


def _content(parts: Sequence[Part]) -> str | Sequence[Part]:
    """One text as it is; several stay apart, since joining them would make one of two statements."""
    if len(parts) == 1 and isinstance(only := parts[0], Text):
        return only.text
    return parts if parts else ""


def _user(blocks: list[ContentBlock], path: str, notes: list[Note]) -> list[Item]:
    """Tool results first, right after the calls; then one message with everything else."""
    items: list[Item] = []
    parts: list[Part] = []
    for index, block in enumerate(blocks):
        where = f"{path}[{index}]"
        if block.tool_result is not None:
            items.append(_output(block.tool_result, f"{where}.toolResult", notes))
        else:
            parts += _parts(block, where, notes)
    if parts or not items:
        items.append(Message("user", _content(parts)))
    return items


def _parts(block: ContentBlock | ToolResultContent, path: str, notes: list[Note]) -> list[Part]:
    return [_part(part, path) for part in chat.PARTS.parts(block, path, notes)]


def _part(part: chat.Part, path: str) -> Part:
    match part:
        case chat.Text():
            return Text(part.text)
        case chat.Image():
            return Image(part.image_url.url)
        case chat.File():
            return File(part.file.filename, part.file.file_data)
        case chat.Audio():
            raise Refused(f"{path}.audio", "the Responses API takes no audio; Chat Completions does")
        case _:
            assert_never(part)


def _output(result: ToolResultBlock, path: str, notes: list[Note]) -> FunctionCallOutput:
    check_tool_type(result, path)
    parts: list[Part] = []
    if result.status == "error":
        notes.append(_FAILED)
        parts.append(Text("The tool reported an error:"))
    for index, content in enumerate(result.content):
        if content.json is not None:
            parts.append(Text(msgspec.json.encode(content.json).decode()))
        else:
            parts += _parts(content, f"{path}.content[{index}]", notes)
    return FunctionCallOutput(_call_id(result.tool_use_id, notes), _content(parts))


def _assistant(blocks: list[ContentBlock], path: str, notes: list[Note]) -> list[Item]:
    """An item for each block: texts of a model cannot be parts of one message without its id."""
    items: list[Item] = []
    for index, block in enumerate(blocks):
        if block.text is not None:
            items.append(Message("assistant", block.text))
        elif block.tool_use is not None:
            items.append(_call(block.tool_use, f"{path}[{index}].toolUse", notes))
        elif block.reasoning_content is not None:
            items += _reasoning(block.reasoning_content, notes)
        elif block.citations_content is not None:
            notes.append(CITED)
            items += [Message("assistant", part.text) for part in block.citations_content.content or ()]
        elif block.cache_point is not None:
            notes.append(chat.PARTS.cache_point("messages.content"))
        else:
            raise chat.PARTS.unplaced(block, f"{path}[{index}]")
    return items or [Message("assistant", "")]


def _reasoning(content: ReasoningContent, notes: list[Note]) -> list[Item]:
    item = item_of(content)
    if item is None:
        notes.append(_REASONING)
        return []
    return [item]


def _call(use: ToolUseBlock, path: str, notes: list[Note]) -> FunctionCall:
    check_tool_type(use, path)
    return FunctionCall(_call_id(use.tool_use_id, notes), fitted_name(use.name), bytes(use.input).decode())


def _call_id(tool_use_id: str, notes: list[Note]) -> str:
    call_id = fitting(tool_use_id, LONGEST_CALL_ID)
    if call_id != tool_use_id:
        notes.append(_CALL_ID)
    return call_id
