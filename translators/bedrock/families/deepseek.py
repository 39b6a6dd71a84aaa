"""DeepSeek R1 under InvokeModel: a prompt in R1's template → a completion that begins with reasoning.

AWS: model-parameters-deepseek; the template is DeepSeek's (chat_template of DeepSeek-R1 and V3.1). Its bars
and the spaces between its words are U+FF5C and U+2581; `|` and `_` are accepted too.

    <|begin_of_sentence|>system text<|User|>question<|Assistant|>answer<|end_of_sentence|><|User|>…
    …<|Assistant|><think>

DeepSeek V3 takes chats (`chat`).
"""

import re
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from translators.bedrock import converse
from translators.bedrock.families import converse_content, prompts
from translators.bedrock.families.body_decoder import decoded
from translators.bedrock.model_ids import ModelId


class Body(Struct, forbid_unknown_fields=True):
    prompt: str
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    stop: Annotated[list[converse.NonEmpty], Meta(max_length=10)] | None = None
    temperature: converse.Fraction | None = None
    top_p: converse.Fraction | None = None


class _Choice(Struct):
    text: str
    stop_reason: prompts.StopReason


class _Answer(Struct):
    choices: list[_Choice]


_DECODER = msgspec.json.Decoder(Body)

_BEGIN = re.compile(r"(?:\s*<[\uff5c|]begin[\u2581_]of[\u2581_]sentence[\uff5c|]>)+")
"""Twice where the application writes one and its tokenizer another."""
_END = re.compile(r"<[\uff5c|]end[\u2581_]of[\u2581_]sentence[\uff5c|]>\s*\Z")
_SPEAKER = re.compile(r"<[\uff5c|](User|Assistant)[\uff5c|]>")
_TOOL_MARK = re.compile(r"<[\uff5c|]tool[\u2581_][\w\u2581]+?[\uff5c|]>")
_OPEN_TURN = re.compile(r"<[\uff5c|]Assistant[\uff5c|]>\s*(?:<think>\s*(?:</think>)?|</think>)?\s*")
_MARKS = re.compile(f"{_SPEAKER.pattern}|<[\uff5c|](?:begin|end|tool)[\u2581_][\\w\u2581]+?[\uff5c|]>")
_TEMPLATE = re.compile(rb"<(?:\||\\uff5c|\xef\xbd\x9c)(?:begin(?!_of_text)|User|Assistant)", re.IGNORECASE)
"""In JSON, where the bar may be escaped; searched in the first `_TEMPLATE_WITHIN` bytes."""
_TEMPLATE_WITHIN = 40
_THINK_BEGIN, _THINK_END = "<think>", "</think>"


def has_model(model: ModelId) -> bool:
    """Whether this is one of DeepSeek's models."""
    return model.vendor == "deepseek"


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members is a prompt."""
    return "prompt" in members


def has_template(prompt: Raw) -> bool:
    """Whether this JSON is a string that begins as DeepSeek's template does."""
    return _TEMPLATE.search(bytes(memoryview(prompt)[:_TEMPLATE_WITHIN])) is not None


def request(model_input: Raw | Body) -> converse.Request:
    """The Converse request of a body. Raises `Refused` naming the field."""
    body = decoded(_DECODER, model_input) if isinstance(model_input, Raw) else model_input
    stop = prompts.stop_sequences(body.stop, _MARKS.fullmatch)
    config = converse.InferenceConfig(body.max_tokens, body.temperature, body.top_p, stop)
    without_thinking = body.prompt.rstrip().endswith(_THINK_END)
    return prompts.request(
        _messages(body.prompt), config, {"reasoning_effort": "none"} if without_thinking else {}
    )


def output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """The completion, with the reasoning where R1 has it. Raises `Refused` for other content than text."""
    opened = decoded(_DECODER, model_input).prompt.rstrip().endswith(_THINK_BEGIN)
    reasoning = converse_content.reasoning_of(answer)
    text = prompts.completion(answer)
    reason = prompts.stop_reason(answer)
    if reasoning or opened:
        closed = f"{reasoning}\n{_THINK_END}\n\n{text}" if text or reason == "stop" else reasoning
        # Where the prompt opens the reasoning, applications split the completion at its end.
        text = closed if opened else f"{_THINK_BEGIN}\n{closed}"
    return msgspec.json.encode(_Answer([_Choice(text, reason)]))


def _messages(prompt: str) -> list[converse.Message]:
    begin = _BEGIN.match(prompt)
    start = 0 if begin is None else begin.end()
    speakers = list(_SPEAKER.finditer(prompt, start))
    if not speakers or not (begin is not None or _is_template(prompt, speakers)):
        return prompts.free_text(_text(prompt, start, len(prompt)))
    system = _text(prompt, start, speakers[0].start())
    messages = [prompts.message("system", system)] if system else []
    ends = [*(following.start() for following in speakers[1:]), len(prompt)]
    for speaker, end in zip(speakers, ends, strict=True):
        text = _text(prompt, speaker.end(), end)
        if speaker[1] == "User":
            messages.append(prompts.message("user", text))
            continue
        if (mark := _TOOL_MARK.search(text)) is not None:
            raise prompts.misplaced(f"{mark[0]} inside a turn that begins", speaker.end())
        if (content := _assistant_content(text, speaker.end())) or end < len(prompt):
            messages.append(converse.Message("assistant", content))  # the last turn is the one to write
    return messages


def _is_template(prompt: str, speakers: list[re.Match[str]]) -> bool:
    """Whether marks without a beginning are a template: they open the prompt, or the assistant's ends it."""
    opens = not prompt[: speakers[0].start()].strip()
    return opens or _OPEN_TURN.fullmatch(prompt, speakers[-1].start()) is not None


def _text(prompt: str, start: int, end: int) -> str:
    return _END.sub("", prompt[start:end]).strip()


def _assistant_content(turn: str, position: int) -> list[converse.ContentBlock]:
    reasoning, closed, text = turn.partition(_THINK_END)
    if not closed:
        reasoning, text = "", turn.removeprefix(_THINK_BEGIN)
        if text != turn and text.strip():
            raise prompts.misplaced("reasoning that is begun cannot be continued, in a turn", position)
    reasoning = reasoning.removeprefix(_THINK_BEGIN).strip()
    content: list[converse.ContentBlock] = []
    if reasoning:
        reasoning_text = converse.ReasoningText(reasoning)
        content.append(converse.ContentBlock(reasoning_content=converse.ReasoningContent(reasoning_text)))
    if text.strip():
        content.append(converse.ContentBlock(text.strip()))
    return content
