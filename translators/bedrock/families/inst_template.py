"""The `[INST]` template of Llama 2, Mistral and Mixtral.

    <s>[INST] <<SYS>>
    system text
    <</SYS>>

    question [/INST] answer </s><s>[INST] question [/INST]

Mistral's template has no system text; applications put it before the first `[INST]`, in Llama 2's `<<SYS>>`
or, since version 7 of Mistral's template, in `[SYSTEM_PROMPT]`. Text after the last `[/INST]` is the
beginning of the response.
"""

from translators.bedrock import converse
from translators.bedrock.families import prompts

MARKS = ("[INST]", "[/INST]", "<s>", "</s>", "<<SYS>>", "<</SYS>>", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]")
"""Marks of the beginning and end of turns."""
_TOOLS = ("[AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[TOOL_RESULTS]")
"""Marks of tools in later templates of Mistral. Refused: the response would be a tool call in text."""
_BEGIN, _END = "[INST]", "[/INST]"


def is_used(prompt: str) -> bool:
    """Whether the prompt is written in this template."""
    return _BEGIN in prompt


def messages(prompt: str) -> list[converse.Message]:
    """The messages of a prompt. Raises `Refused` with the position where it breaks the template."""
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
        position = len(prompt) if position == -1 else position
        turns += _reply(prompt[begin:position], begin)
    return turns


def _opening(text: str) -> list[converse.Message]:
    text = text.strip().removeprefix("<s>").strip()
    text = text.removeprefix("[SYSTEM_PROMPT]").removesuffix("[/SYSTEM_PROMPT]").strip()
    return _turn("system", text, 0) if text else []


def _instruction(text: str, position: int) -> list[converse.Message]:
    text = text.strip()
    if not text.startswith("<<SYS>>"):
        return _turn("user", text, position)
    system, closed, question = text.removeprefix("<<SYS>>").partition("<</SYS>>")
    if not closed:
        raise prompts.misplaced("<<SYS>> that is not closed", position)
    return _turn("system", system.strip(), position) + _turn("user", question.strip(), position)


def _reply(text: str, position: int) -> list[converse.Message]:
    text = text.strip().removesuffix("<s>").rstrip().removesuffix("</s>").rstrip()
    return _turn("assistant", text, position) if text else []


def _turn(role: converse.Role, text: str, position: int) -> list[converse.Message]:
    if "[" in text or "<" in text:
        for mark in (*MARKS, *_TOOLS):
            if mark in text:
                raise prompts.misplaced(f"{mark} inside a turn that begins", position)
    return [prompts.message(role, text)]
