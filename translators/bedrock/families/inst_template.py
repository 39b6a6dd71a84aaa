"""The `[INST]` template of Llama 2, Mistral and Mixtral.

    <s>[INST] <<SYS>>
    system text
    <</SYS>>

    question [/INST] answer </s><s>[INST] question [/INST]

Mistral's template has no system text; applications put it before the first `[INST]`, in Llama 2's `<<SYS>>`
or, since version 7 of Mistral's template, in `[SYSTEM_PROMPT]`. Text after the last `[/INST]` is the
beginning of the response.
"""

import re

from translators.bedrock import converse
from translators.bedrock.families import prompts

MARKS = ("[INST]", "[/INST]", "<s>", "</s>", "<<SYS>>", "<</SYS>>", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]")
"""Marks of the beginning and end of turns."""
_BEGIN, _END = "[INST]", "[/INST]"
_TOOLS = re.compile(r"\[(AVAILABLE_TOOLS|TOOL_RESULTS)\].*?\[/\1\]|\A\[TOOL_CALLS\]", re.DOTALL)
"""Tools of later templates of Mistral. Refused: the response would be a tool call in text."""


def is_used(prompt: str) -> bool:
    """Whether the prompt is written in this template.

    Its marks may also be what a text is about. They are a template where they open the prompt, a line or the
    turn after `</s>`, or where the prompt ends with the last of them.
    """
    begin = prompt.find(_BEGIN)
    if begin == -1:
        return False
    opening = prompt[:begin].strip()
    if prompt.find(_END, begin) == -1:
        return opening == "<s>"
    return (
        opening.startswith(("<s>", "[SYSTEM_PROMPT]", "<<SYS>>"))
        or not opening
        or prompt[:begin].rstrip(" \t").endswith(("\n", "]", "</s>"))
        or prompt.rstrip().endswith(_END)
    )


def messages(prompt: str) -> list[converse.Message]:
    """The messages of a prompt. Raises `Refused` with the position where it breaks the template.

    A mark where no turn can begin or end is text: `<s>` and `</s>` inside a turn, `[INST]` inside an
    instruction, or behind an answer when no `[/INST]` follows.
    """
    position = prompt.index(_BEGIN)
    turns = _opening(prompt[:position])
    while position < len(prompt):
        begin = position + len(_BEGIN)
        end = prompt.find(_END, begin)
        if end == -1:
            raise prompts.misplaced("[INST] that is not closed", position)
        turns += _instruction(prompt[begin:end], begin)
        begin = end + len(_END)
        position = prompt.find(_BEGIN, begin)
        if position == -1 or prompt.find(_END, position) == -1:
            position = len(prompt)
        turns += _reply(prompt[begin:position], begin)
    return turns


def without_begin(prompt: str) -> str:
    """A text without the template's `<s>` before it; HTML's, which is closed, stays."""
    rest = prompt.removeprefix("<s>")
    return prompt if "</s>" in rest.rstrip().removesuffix("</s>") else rest.removesuffix("</s>")


def _opening(text: str) -> list[converse.Message]:
    if text in ("", "<s>"):
        return []
    text = text.strip().removeprefix("<s>").strip()
    _refuse_tools(text, 0)
    text = text.removeprefix("[SYSTEM_PROMPT]").removesuffix("[/SYSTEM_PROMPT]").strip()
    return [prompts.message("system", text)] if text else []


def _instruction(text: str, position: int) -> list[converse.Message]:
    text = text.strip()
    if not text.startswith("<<SYS>>"):
        return [prompts.message("user", text)]
    system, closed, question = text.removeprefix("<<SYS>>").partition("<</SYS>>")
    if not closed:
        raise prompts.misplaced("<<SYS>> that is not closed", position)
    return [prompts.message("system", system.strip()), prompts.message("user", question.strip())]


def _reply(text: str, position: int) -> list[converse.Message]:
    text = text.strip()
    if not text:
        return []
    text = text.removesuffix("<s>").rstrip().removesuffix("</s>").rstrip()
    _refuse_tools(text, position)
    return [prompts.message("assistant", text)] if text else []


def _refuse_tools(text: str, position: int) -> None:
    if "[" in text and (found := _TOOLS.search(text)) is not None:
        mark = found[0].partition("]")[0]
        raise prompts.misplaced(f"{mark}] inside a turn that begins", position)
