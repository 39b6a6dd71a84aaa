"""Meta Llama under InvokeModel: a prompt in the model's template → a completion.

AWS: model-parameters-meta; the templates are Meta's (prompt formats of Llama 2, 3.x and 4).

    <|begin_of_text|><|start_header_id|>user<|end_header_id|>

    question<|eot_id|><|start_header_id|>assistant<|end_header_id|>

Llama 4 has `<|header_start|>`, `<|header_end|>` and `<|eot|>`. `<|image|>` marks the position of an image of
`images`. Tools are described, called and answered in text, which stays text.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, cast

import msgspec
from msgspec import Meta, Raw, Struct

from translators.bedrock import converse
from translators.bedrock.base64_text import base64_at
from translators.bedrock.families import inst_template, prompts
from translators.bedrock.families.base64_images import image_format
from translators.bedrock.families.body_decoder import decoded
from translators.bedrock.model_ids import ModelId
from translators.errors import Refused


class Body(Struct, forbid_unknown_fields=True):
    prompt: str
    max_gen_len: Annotated[int, Meta(ge=1)] | None = None
    temperature: converse.Fraction | None = None
    top_p: converse.Fraction | None = None
    images: list[str] | None = None


type _Header = tuple[str, int, int]
"""A role, the position of its header in the prompt, and the position behind the header."""


class _Answer(Struct):
    generation: str
    prompt_token_count: int
    generation_token_count: int
    stop_reason: prompts.StopReason


_DECODER = msgspec.json.Decoder(Body)

_BEGIN = "<|begin_of_text|>"
_BEGINNING = re.compile(rf"(?:\s*{re.escape(_BEGIN)})*")
"""Twice where the application writes one and its tokenizer or template another."""
_HEADERS: Mapping[str, str] = MappingProxyType(
    {"<|start_header_id|>": "<|end_header_id|>", "<|header_start|>": "<|header_end|>"}
)
"""The beginning of a header → its end."""
_ROLE = re.compile(r"[^<\s]*")
_LONGEST_ROLE = 100
"""In characters, with the white space around it."""
_TURN_ENDS = frozenset({"<|eot_id|>", "<|eom_id|>", "<|eot|>", "<|eom|>", "<|end_of_text|>"})
_TURN_END = re.compile("|".join(map(re.escape, sorted(_TURN_ENDS))))
_ENDING = re.compile(rf"(?:\s*(?:{'|'.join(map(re.escape, sorted(_TURN_ENDS)))}))+\s*\Z")
_OPEN = prompts.message("assistant", "")
"""The turn that the model is to write."""
_IMAGE_MARK = "<|image|>"

_ROLES: Mapping[str, converse.Role] = MappingProxyType(
    {"system": "system", "user": "user", "assistant": "assistant", "ipython": "user", "tool": "user"}
)
_SPEAKERS: Mapping[str, converse.Role] = MappingProxyType(
    {"system": "system", "user": "user", "assistant": "assistant"}
)
_KNOWN_ROLES = frozenset(_ROLES)
_TOOL_ROLES = frozenset({"ipython", "tool"})
_TOOL_TURN = converse.Note(
    "prompt", "mapped", "a tool's answer is told as a user's turn: it answers no call that is known by an id"
)


def has_model(model: ModelId) -> bool:
    """Whether this is one of Meta's models."""
    return model.vendor == "meta"


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members is a prompt with something that only Llama's have."""
    if "prompt" not in members:
        return False
    prompt = bytes(cast("Raw", members["prompt"]))
    return "max_gen_len" in members or any(begin.encode() in prompt for begin in _HEADERS)


def request(model_input: Raw | Body) -> converse.Request:
    """The Converse request of a body. Raises `Refused` naming the field."""
    body = decoded(_DECODER, model_input) if isinstance(model_input, Raw) else model_input
    notes: list[converse.Note] = []
    messages = _messages(body.prompt, notes)
    if body.images:
        messages = _with_images(messages, body.images)
    config = converse.InferenceConfig(body.max_gen_len, body.temperature, body.top_p)
    return prompts.request(messages, config, notes=tuple(notes))


def output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """The completion. Raises `Refused` for other content than text."""
    usage = answer.response.usage
    completion = _Answer(
        generation=prompts.completion(answer),
        prompt_token_count=prompts.prompt_tokens(usage),
        generation_token_count=usage.output_tokens,
        stop_reason=prompts.stop_reason(answer),
    )
    return msgspec.json.encode(completion)


def _messages(prompt: str, notes: list[converse.Note]) -> list[converse.Message]:
    for begin, end in _HEADERS.items():
        if begin in prompt:
            if (plain := _plain_turns(prompt, begin, end)) is not None:
                return plain
            headers = _headers(prompt, begin, end)
            if not _KNOWN_ROLES.isdisjoint([role for role, _, _ in headers]):
                return _turns(prompt, headers, notes)
    if inst_template.is_used(prompt):
        return inst_template.messages(prompt)
    return prompts.free_text(_without_beginning(prompt))


def _plain_turns(prompt: str, begin: str, end: str) -> list[converse.Message] | None:
    """The turns of a prompt of which every mark stands in its place, as in most; None for another one, and
    for one with turns of tools."""
    opening, *rest = prompt.split(begin)
    if opening and opening != _BEGIN:
        return None
    messages: list[converse.Message] = []
    for turn in rest:
        header, closed, text = turn.partition(end)
        role = _SPEAKERS.get(header) if closed else None
        if text.endswith("|>") and text[(mark := text.rfind("<|")) :] in _TURN_ENDS:
            text = text[:mark]
        if role is None or ("|" in text and "<|" in text):  # one character is found much faster than two
            return None
        messages.append(converse.Message(role, [converse.ContentBlock(text.strip())]))
    if messages[-1] == _OPEN:
        messages.pop()
    return messages


def _headers(prompt: str, begin: str, end: str) -> list[_Header]:
    """The headers that begin turns; one of an unknown role in the midst of a text is a part of it."""
    headers: list[_Header] = []
    position = prompt.find(begin)
    while position != -1:
        inside = position + len(begin)
        closed = prompt.find(end, inside, inside + _LONGEST_ROLE + len(end))
        if closed != -1:
            role = prompt[inside:closed].strip()
            if role in _ROLES or (_ROLE.fullmatch(role) and _ends_turn(prompt, position)):
                headers.append((role, position, closed + len(end)))
        position = prompt.find(begin, inside)
    return headers


def _without_beginning(text: str) -> str:
    """The text behind the marks of a prompt's beginning; one in the midst of a text is a part of it."""
    found = _BEGINNING.match(text)
    return text if found is None else text[found.end() :]


def _turns(prompt: str, headers: list[_Header], notes: list[converse.Note]) -> list[converse.Message]:
    """The turns that the headers begin. Raises `Refused` for one of an unknown role."""
    opening = prompt[: headers[0][1]]
    if opening != _BEGIN and _without_beginning(opening).strip():
        raise prompts.misplaced("text outside of a turn", 0)
    ends = [position for _, position, _ in headers[1:]]
    ends.append(len(prompt))
    messages: list[converse.Message] = []
    for (role, position, begin), end in zip(headers, ends, strict=True):
        if role not in _ROLES:
            names = ", ".join(_ROLES)
            raise prompts.misplaced(f"a turn of {role!r}, who is none of {names},", position)
        if role in _TOOL_ROLES and _TOOL_TURN not in notes:
            notes.append(_TOOL_TURN)
        messages.append(prompts.message(_ROLES[role], _text(prompt[begin:end], position)))
    if messages[-1] == _OPEN:
        messages.pop()
    return messages


def _ends_turn(prompt: str, end: int) -> bool:
    """Whether the prompt's text up to here ends with the mark of a turn's end."""
    return prompt[:end].rstrip().endswith(tuple(_TURN_ENDS))


def _text(turn: str, position: int) -> str:
    """The text of a turn without the marks at its end. Those before are text, where the turn has an end.

    `position`: of the turn in the prompt.
    """
    bar = turn.find("|")  # one character is found fifteen times as fast as two
    mark = -1 if bar == -1 else turn.find("<|", max(bar - 1, 0))
    if mark == -1:
        return turn.strip()
    if turn[mark:] in _TURN_ENDS:  # as most turns end; the pattern takes longer
        return turn[:mark].strip()
    ending = _ENDING.search(turn)
    if ending is None and _TURN_END.search(turn) is not None:
        raise prompts.misplaced("text behind the end of the turn", position)
    return turn[: None if ending is None else ending.start()].strip()


def _with_images(messages: list[converse.Message], images: list[str]) -> list[converse.Message]:
    """The messages with the images at their marks, or before the last user text where there are no marks."""
    blocks = [_image(image, index) for index, image in enumerate(images)]
    marks = sum((block.text or "").count(_IMAGE_MARK) for turn in messages for block in turn.content)
    if marks == 0:
        question = next((turn for turn in reversed(messages) if turn.role == "user"), None)
        if question is None:
            raise Refused("images", "belong to a turn of the user; the prompt has none")
        question.content[:0] = blocks
        return messages
    if marks != len(blocks):
        raise Refused("images", f"{len(blocks)} given, the prompt has {marks} {_IMAGE_MARK}")
    following = iter(blocks)
    return [
        converse.Message(turn.role, [part for block in turn.content for part in _parted(block, following)])
        for turn in messages
    ]


def _parted(
    block: converse.ContentBlock, images: Iterator[converse.ContentBlock]
) -> Iterator[converse.ContentBlock]:
    """The texts between the image marks of a block, and the images at the marks."""
    first, *others = (block.text or "").split(_IMAGE_MARK)
    if first.strip() or not others:
        yield converse.ContentBlock(first.rstrip() if others else first)
    for text in others:
        yield next(images)
        if text.strip():
            yield converse.ContentBlock(text.strip())


def _image(data: str, index: int) -> converse.ContentBlock:
    data = base64_at(data, f"images[{index}]")
    form = image_format(data)
    if form is None:
        raise Refused(f"images[{index}]", "is not base64 of a PNG, JPEG, GIF or WebP")
    return converse.ContentBlock(image=converse.ImageBlock(form, converse.Source(bytes=data)))
