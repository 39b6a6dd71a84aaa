"""Claude body → Converse request.

Members without a counterpart in Converse become `additional_model_request_fields`, named as in `converse`.
"""

import base64
from collections.abc import Sequence
from typing import assert_never

import msgspec
from msgspec import Raw

from translators.bedrock import converse
from translators.bedrock.base64_text import base64_at
from translators.bedrock.families.body_decoder import decoded
from translators.bedrock.families.claude import wire
from translators.bedrock.families.claude.citations import to_converse
from translators.bedrock.families.claude.other_members import note_members, note_tool
from translators.errors import Refused

_BODY: msgspec.json.Decoder[wire.CommonBody] = msgspec.json.Decoder(wire.Body)
_TOOL = msgspec.json.Decoder(wire.Tool)
_OUTPUT_FORMAT = converse.Note("output_format", "mapped", "read as output_config.format")
_TOOL_TYPE = msgspec.json.Decoder(wire.ToolType)

_IMAGE_FORMATS: dict[str, converse.ImageFormat] = {
    "image/jpeg": "jpeg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
}


def request(model_input: Raw | wire.CommonBody) -> converse.Request:
    """The Converse request of a body. Raises `Refused` naming the field."""
    body = decoded(_BODY, model_input) if isinstance(model_input, Raw) else model_input
    asked = converse.Request(
        [
            converse.Message(
                message.role,
                [converse.ContentBlock(content)]
                if type(content := message.content) is str
                else _content(content, index),
            )
            for index, message in enumerate(body.messages)
        ],
        None if body.system is None else _system(body.system),
        converse.InferenceConfig(body.max_tokens, body.temperature, body.top_p, body.stop_sequences),
    )
    if type(body) is not wire.Body:  # `isinstance` of a struct is slower
        return asked
    notes: list[converse.Note] = []
    note_members(body, notes)
    asked.tool_config = _tool_config(body, notes)
    asked.additional_model_request_fields = _extras(body) or None
    asked.output_config = _output_config(body, notes)
    return converse.noted(asked, notes) if notes else asked


def _content(content: str | list[wire.Block], message: int) -> list[converse.ContentBlock]:
    if isinstance(content, str):
        return [converse.ContentBlock(content)]
    plain = [
        converse.ContentBlock(block.text)
        for block in content
        if isinstance(block, wire.Text) and block.citations is None and block.cache_control is None
    ]
    return plain if len(plain) == len(content) else _blocks(content, f"messages[{message}].content")


def _blocks(content: list[wire.Block], path: str) -> list[converse.ContentBlock]:
    blocks: list[converse.ContentBlock] = []
    for index, block in enumerate(content):
        blocks.append(_block(block, f"{path}[{index}]"))
        if (control := _cache_control(block)) is not None:
            blocks.append(converse.ContentBlock(cache_point=_cache_point(control)))
    return blocks


def _block(block: wire.Block, path: str) -> converse.ContentBlock:
    match block:
        case wire.Text():
            return _text(block)
        case wire.Image():
            return converse.ContentBlock(image=_image(block, path))
        case wire.Document():
            return converse.ContentBlock(document=_document(block, path))
        case wire.SearchResult():
            return converse.ContentBlock(search_result=_search_result(block))
        case wire.ToolUse():
            tool_use = converse.ToolUseBlock(block.id, block.name, _object(block.input, f"{path}.input"))
            return converse.ContentBlock(tool_use=tool_use)
        case wire.ToolResult():
            return converse.ContentBlock(tool_result=_tool_result(block, path))
        case wire.Thinking():
            text = converse.ReasoningText(block.thinking, block.signature)
            return converse.ContentBlock(reasoning_content=converse.ReasoningContent(text))
        case wire.RedactedThinking():
            # Converse's blob is the text itself, seen on the live API: base64 of Claude's base64.
            blob = base64.b64encode(block.data.encode()).decode()
            return converse.ContentBlock(reasoning_content=converse.ReasoningContent(redacted_content=blob))
        case _:
            assert_never(block)


def _text(block: wire.Text) -> converse.ContentBlock:
    if not block.citations:
        return converse.ContentBlock(block.text)
    citations = [to_converse(citation) for citation in block.citations]
    cited = converse.CitationsContent([converse.TextBlock(block.text)], citations)
    return converse.ContentBlock(citations_content=cited)


def _image(block: wire.Image, path: str) -> converse.ImageBlock:
    data = base64_at(block.source.data, f"{path}.source.data")
    return converse.ImageBlock(_IMAGE_FORMATS[block.source.media_type], converse.Source(bytes=data))


def _document(block: wire.Document, path: str) -> converse.DocumentBlock:
    form: converse.DocumentFormat | None = None
    match block.source:
        case wire.PdfSource(data=data):
            form, source = "pdf", converse.Source(bytes=base64_at(data, f"{path}.source.data"))
        case wire.TextSource(data=data):
            form, source = "txt", converse.Source(text=data)
        case wire.ContentSource(content=content):
            source = converse.Source(content=_texts(content, f"{path}.source.content"))
        case _:
            assert_never(block.source)
    return converse.DocumentBlock(
        name=block.title or "document",  # Converse requires one; Claude does not
        source=source,
        format=form,
        context=block.context,
        citations=_citations(block.citations),
    )


def _texts(content: str | list[wire.Text | wire.Image], path: str) -> list[converse.TextBlock]:
    if isinstance(content, str):
        return [converse.TextBlock(content)]
    texts: list[converse.TextBlock] = []
    for index, block in enumerate(content):
        if isinstance(block, wire.Image):
            raise Refused(f"{path}[{index}]", "an image inside a document cannot be expressed; text can")
        texts.append(converse.TextBlock(block.text))
    return texts


def _search_result(block: wire.SearchResult) -> converse.SearchResultBlock:
    return converse.SearchResultBlock(
        source=block.source,
        title=block.title,
        content=[converse.TextBlock(text.text) for text in block.content],
        citations=_citations(block.citations),
    )


def _citations(config: wire.CitationsConfig | None) -> converse.Citations | None:
    return None if config is None else converse.Citations(config.enabled)


def _tool_result(block: wire.ToolResult, path: str) -> converse.ToolResultBlock:
    return converse.ToolResultBlock(
        tool_use_id=block.tool_use_id,
        content=_result_content(block.content, path),
        status=None if block.is_error is None else "error" if block.is_error else "success",
    )


def _result_content(
    content: str | Sequence[wire.ResultPart] | None, path: str
) -> list[converse.ToolResultContent]:
    if content is None:
        return []
    if isinstance(content, str):
        return [converse.ToolResultContent(text=content)]
    return [_result_part(part, f"{path}.content[{index}]") for index, part in enumerate(content)]


def _result_part(part: wire.ResultPart, path: str) -> converse.ToolResultContent:
    match part:
        case wire.Text():
            return converse.ToolResultContent(text=part.text)
        case wire.Image():
            return converse.ToolResultContent(image=_image(part, path))
        case wire.Document():
            return converse.ToolResultContent(document=_document(part, path))
        case wire.SearchResult():
            return converse.ToolResultContent(search_result=_search_result(part))
        case _:
            assert_never(part)


def _cache_control(block: wire.Block) -> wire.CacheControl | None:
    """The cache control of a block, or of the last part of a tool result that has one.

    Converse has no cache points inside tool results: the cached prefix ends after the whole result.
    """
    if isinstance(block, wire.Thinking | wire.RedactedThinking):
        return None
    if isinstance(block, wire.ToolResult) and block.cache_control is None:
        parts = () if block.content is None or isinstance(block.content, str) else block.content
        inside = [part.cache_control for part in parts if part.cache_control is not None]
        return inside[-1] if inside else None
    return block.cache_control


def _cache_point(control: wire.CacheControl) -> converse.CachePoint:
    return converse.CachePoint("default", control.ttl)


def _system(system: str | list[wire.SystemText]) -> list[converse.SystemBlock]:
    if isinstance(system, str):
        return [converse.SystemBlock(system)]
    blocks: list[converse.SystemBlock] = []
    for block in system:
        blocks.append(converse.SystemBlock(block.text))
        if block.cache_control is not None:
            blocks.append(converse.SystemBlock(cache_point=_cache_point(block.cache_control)))
    return blocks


def _tool_config(body: wire.Body, notes: list[converse.Note]) -> converse.ToolConfig | None:
    if not body.tools:
        demanding = body.tools is None or not isinstance(body.tool_choice, wire.ChoiceAuto | wire.ChoiceNone)
        if body.tool_choice is not None and demanding:
            raise Refused("tool_choice", "may only be specified while providing tools")
        return None
    tools: list[converse.Tool] = []
    for index, raw in enumerate(body.tools):
        tool = _tool(raw, f"tools[{index}]")
        note_tool(tool, f"tools[{index}]", notes)
        schema = converse.InputSchema(_object(tool.input_schema, f"tools[{index}].input_schema"))
        tools.append(converse.Tool(converse.ToolSpec(tool.name, schema, tool.description, tool.strict)))
        if tool.cache_control is not None:
            tools.append(converse.Tool(cache_point=_cache_point(tool.cache_control)))
    return converse.ToolConfig(tools, None if body.tool_choice is None else _choice(body.tool_choice))


def _tool(raw: Raw, path: str) -> wire.Tool:
    """The tool, if it is one with a schema.

    Anthropic's own tools (computer, bash, text_editor, memory) have none: Claude was trained on them.
    Converse's `systemTool` is no counterpart: it runs at the service. Raises `Refused`.
    """
    kind = decoded(_TOOL_TYPE, raw, path).type
    if kind not in {None, "custom"}:
        raise Refused(
            f"{path}.type", f"{kind!r} is a tool that only Claude knows; accepted are tools with input_schema"
        )
    return decoded(_TOOL, raw, path)


def _choice(choice: wire.ToolChoice) -> converse.ToolChoice:
    match choice:
        case wire.ChoiceAuto():
            return converse.ToolChoice(auto=converse.Empty())
        case wire.ChoiceAny():
            return converse.ToolChoice(any=converse.Empty())
        case wire.ChoiceTool(name=name):
            return converse.ToolChoice(tool=converse.NamedTool(name))
        case wire.ChoiceNone():
            return converse.ToolChoice(none=converse.Empty())
        case _:
            assert_never(choice)


def _extras(body: wire.Body) -> dict[str, object]:
    extras: dict[str, object] = {}
    if body.top_k is not None:
        extras["top_k"] = body.top_k
    if body.thinking is not None:
        extras["thinking"] = _thinking(body.thinking, body)
    if body.metadata is not None and body.metadata.user_id is not None:
        extras["user"] = body.metadata.user_id
    betas = [*(body.anthropic_beta or ()), *(body.betas or ())]
    if betas or body.anthropic_beta is not None:
        extras["anthropic_beta"] = betas
    if body.tool_choice is not None and body.tool_choice.disable_parallel_tool_use is not None:
        extras["parallel_tool_calls"] = not body.tool_choice.disable_parallel_tool_use
    return extras


def _thinking(thinking: wire.ThinkingConfig, body: wire.Body) -> object:
    # With thinking between tool calls the budget spans several answers, and may be the larger number.
    interleaved = any(name.startswith("interleaved-thinking") for name in body.anthropic_beta or ())
    budget = thinking.budget_tokens if isinstance(thinking, wire.ThinkingEnabled) else 0
    if budget >= body.max_tokens and not interleaved:
        raise Refused(
            "thinking.budget_tokens", f"must be less than max_tokens ({body.max_tokens}), got {budget}"
        )
    return msgspec.to_builtins(thinking)


def _output_config(body: wire.Body, notes: list[converse.Note]) -> converse.OutputConfig | None:
    """Effort and schema; the schema under its former name too."""
    config = body.output_config or wire.OutputConfig()
    form, path = config.format, "output_config.format.schema"
    if body.output_format is not None:
        if form is not None and form != body.output_format:
            raise Refused("output_format", "output_config.format says something else")
        form, path = body.output_format, "output_format.schema"
        notes.append(_OUTPUT_FORMAT)
    if form is None:
        return None if body.output_config is None else converse.OutputConfig(effort=config.effort)
    schema = _object(form.schema, path)
    structure = converse.TextFormatStructure(converse.JsonSchema(bytes(schema).decode()))
    return converse.OutputConfig(converse.TextFormat("json_schema", structure), config.effort)


def _object(value: Raw, path: str) -> Raw:
    if memoryview(value)[0] != ord("{"):
        raise Refused(path, "Input should be a valid dictionary")
    return value
