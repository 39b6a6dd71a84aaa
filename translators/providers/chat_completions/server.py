"""A server of chat completions: its differences, and the translation that follows from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msgspec import Raw

from translators.bedrock.converse import Answer, Note, Request
from translators.errors import RecordError
from translators.providers.batch_file import Line, Unfinished
from translators.providers.chat_completions import native, native_plain, request, response, rows
from translators.providers.chat_completions.lines import ENDPOINT, line_of
from translators.providers.chat_completions.traits import OPENAI_RESPONSES, FindTraits, ResponseTraits
from translators.providers.direct import Direct
from translators.providers.native.plain_bodies import Plain
from translators.providers.provider import Native
from translators.providers.rules.model_rules import Overrides
from translators.wire import Members, ModelOutput, Wire

type Body = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class ChatServer:
    """Translates the records of a job to lines and result rows to answers."""

    traits: FindTraits
    """A model of the server → what it accepts."""
    response: ResponseTraits = OPENAI_RESPONSES
    url: str = ENDPOINT
    """The endpoint that lines and batches name."""
    write: Callable[[str, str, Body, list[Note]], Line] = line_of
    """Custom id, url, body, notes → the line. May change the body."""
    body_of: Callable[[bytes], Raw | RecordError | Unfinished] = rows.body_of
    """A result row → the chat completion in it."""

    def line(self, custom_id: str, asked: Request, model: str, overrides: Overrides = ()) -> Line:
        """The line that asks for this record's answer. Raises `Refused`."""
        notes: list[Note] = []
        body = request.body_for(asked, model, self.traits(model, overrides), notes)
        return self.write(custom_id, self.url, body, notes)

    @property
    def native(self) -> Mapping[Wire, Native]:
        """Translation of bodies that are chat completions already, and of their answers."""
        plain = Plain(native_plain.Body, self.plain_line)
        return {"openai.chat": Native(line=self.native_line, plain=plain, answer=self.native_answer)}

    def native_line(
        self, custom_id: str, model_input: Raw | Members, model: str, overrides: Overrides = ()
    ) -> Line:
        """The line of a body that is a chat completion already. Raises `Refused`."""
        notes: list[Note] = []
        body = native.body_for(model_input, model, self.traits(model, overrides), notes)
        return self.write(custom_id, self.url, body, notes)

    def plain_line(
        self, custom_id: str, plain: native_plain.Body, model: str, overrides: Overrides = ()
    ) -> Line | None:
        """The same of a body of texts and common parameters only; None where a rule concerns it."""
        notes: list[Note] = []
        body = native_plain.body_for(plain, model, self.traits(model, overrides), notes)
        return None if body is None else self.write(custom_id, self.url, body, notes)

    def answer(self, row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
        """The answer in a result row, or the error in its place."""
        body = self.body_of(row)
        return response.answer_in(body, asked, self.response) if isinstance(body, Raw) else body

    def native_answer(self, row: bytes) -> ModelOutput | Answer | RecordError | Unfinished:
        """The chat completion in a result row as it is, or the error in its place."""
        body = self.body_of(row)
        return native.answer_in(body, self.response) if isinstance(body, Raw) else body


def load_direct() -> Direct:
    """The client for single requests, imported when first used: it loads an HTTP client."""
    from translators.providers.chat_completions import direct

    return direct
