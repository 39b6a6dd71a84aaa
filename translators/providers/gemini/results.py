"""Tool results as function responses (Gemini: generate-content, FunctionResponse)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import msgspec

from translators.bedrock.converse import Note, ToolResultBlock, ToolResultContent
from translators.errors import Refused
from translators.providers.gemini.parts import FunctionResponse, Part, parts
from translators.providers.gemini.tools import function_name

_MOVED = Note(
    "messages.content.toolResult.content", "mapped", "media stand after the tool's answer, which is JSON only"
)
_POINTER = Note(
    "messages.content.toolResult.content.json", "mapped", 'sent as text: Gemini takes "$ref" for a pointer'
)


@dataclass
class Answers:
    """The tool results of one user message."""

    calls: Mapping[str, str]
    """The names of all tools called so far, by the ids of the calls; in the order of the calls."""
    responses: dict[str, Part] = field(default_factory=dict[str, Part])
    attached: list[Part] = field(default_factory=list[Part])
    """Media, each after the words that say which it is."""

    def add(self, result: ToolResultBlock, path: str, notes: list[Note]) -> None:
        """Take up one result. Raises `Refused`."""
        if result.type is not None:
            raise Refused(f"{path}.type", f"{result.type!r} is a tool of another provider's server")
        name = self.calls.get(result.tool_use_id)
        if name is None:
            raise Refused(
                f"{path}.toolUseId", f"{result.tool_use_id!r} answers no earlier call; Gemini wants its name"
            )
        said = [
            value
            for index, content in enumerate(result.content)
            for value in self._values(content, f"{path}.content[{index}]", notes)
        ]
        response = _response(said, failed=result.status == "error")
        self.responses[result.tool_use_id] = Part(
            function_response=FunctionResponse(result.tool_use_id, function_name(name), response)
        )

    def written(self) -> list[Part]:
        """The responses in the order of the calls, by which older models match them; then the media."""
        return [self.responses[call] for call in self.calls if call in self.responses] + self.attached

    def _values(self, content: ToolResultContent, path: str, notes: list[Note]) -> list[object]:
        if content.json is not None:
            return [_value(content.json, notes)]
        values: list[object] = []
        for part in parts(content, path, notes):
            if part.text is not None:
                values.append(part.text)
            else:
                number = sum(earlier.text is None for earlier in self.attached) + 1
                values.append(f"See attachment {number}.")
                self.attached += [Part(f"Attachment {number}:"), part]
                notes.append(_MOVED)
        return values


def _response(said: list[object], *, failed: bool) -> Mapping[str, object]:
    """An object, as it has to be; `output` and `error` are Gemini's own names for other results."""
    only = said[0] if len(said) == 1 else None
    if failed:
        return {"error": said if only is None else only}
    if isinstance(only, dict):
        return cast("Mapping[str, object]", only)
    return {"output": said if only is None else only}


def _value(value: object, notes: list[Note]) -> object:
    encoded = msgspec.json.encode(value)
    if b'"$ref"' not in encoded:
        return value
    notes.append(_POINTER)
    return encoded.decode()
