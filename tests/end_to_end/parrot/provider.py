"""The made-up provider's row of the registry."""

from collections.abc import Callable

import msgspec
from msgspec import Struct

from translators.bedrock.converse import Answer, ContentBlock, Message, Output, Request, Response, Usage
from translators.errors import RecordError, Refused
from translators.providers.batch_file import Line, Receipt
from translators.providers.conversation import Batches
from translators.providers.provider import Provider
from translators.providers.rules.model_rules import Overrides


class _Line(Struct):
    custom_id: str
    say: str


class _Row(Struct):
    custom_id: str
    said: str


def line(custom_id: str, request: Request, model: str, overrides: Overrides = ()) -> Line:
    """The line that has the parrot repeat the last text. Raises `Refused`."""
    for block in reversed(request.messages[-1].content):
        if block.text is not None:
            return Line(msgspec.json.encode(_Line(custom_id, block.text)))
    raise Refused("messages", "hold no text to say")


def receipt(row: bytes) -> Receipt:
    """The custom id in a row; the parrot finishes every record."""
    return Receipt(msgspec.json.decode(row, type=_Row).custom_id, finished=True)


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError:
    """The answer in a row: the text that was repeated."""
    said = msgspec.json.decode(row, type=_Row).said
    response = Response(
        output=Output(Message("assistant", [ContentBlock(text=said)])),
        stop_reason="end_turn",
        usage=Usage(input_tokens=1, output_tokens=1, total_tokens=2),
    )
    return Answer(response=response, id="parrot-1", model="parrot")


def _batches() -> Batches:
    from . import batches  # noqa: TID252  # the folder is copied into the project

    return batches


PROVIDER = Provider(
    name="parrot",
    documentation="https://parrot.example",
    load_batches=_batches,
    line=line,
    receipt=receipt,
    answer=answer,
    headers=lambda key: {"authorization": key},
    base_url="https://parrot.example",
    base_url_variables=("PARROT_BASE_URL",),
    key_variables=("PARROT_API_KEY",),
    max_requests=1_000,
    max_bytes=1_000_000,
    derived_model=lambda vendor, model: None,
)
