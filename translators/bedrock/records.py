"""The files of a batch job: input lines, output lines, the manifest.

AWS: batch-inference-data, batch-inference-results.
"""

import codecs
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.outlines import outline
from translators.errors import RecordError
from translators.surrogates import REPLACEMENT, halves


class NotARecord(ValueError):
    """An input line is not `{"recordId"?: string, "modelInput": object}`. It fails the job."""


class InputRecord(Struct, rename="camel", frozen=True, gc=False):
    """An input line; further members are ignored."""

    model_input: Raw
    """The bytes of the JSON object, unchanged."""
    record_id: str | None = None
    """Any string; None when the line has none (AWS then generates one)."""


class DecodedRecord[Body](Struct, rename="camel", frozen=True, gc=False):
    """An input line with its body, decoded in the same pass."""

    model_input: Body
    record_id: str | None = None


type AnyRecord = InputRecord | DecodedRecord[Any]


LONGEST_LINE = 26_000_000
"""Bytes of a line that is parsed. AWS takes bodies of at most 25,000,000 (botocore 1.44: bedrock-runtime,
Body)."""


class UnsendableRecord(InputRecord, kw_only=True, frozen=True, gc=False):
    """A record that is valid at AWS and cannot be sent to any provider."""

    reason: str
    """The error message, with the path of the field."""


class _Error(Struct, rename="camel"):
    error_code: int
    error_message: str


class _Manifest(Struct, rename="camel"):
    total_record_count: int
    processed_record_count: int
    success_record_count: int
    error_record_count: int
    input_token_count: int
    output_token_count: int


class _LineBreak(NamedTuple):
    raw: bytes
    escaped: bytes


# Legal in JSON strings, but `str.splitlines()`, which readers of the output use, breaks lines there.
_LINE_BREAKS = (
    _LineBreak("\u0085".encode(), b"\\u0085"),
    _LineBreak("\u2028".encode(), b"\\u2028"),
    _LineBreak("\u2029".encode(), b"\\u2029"),
)

_MALFORMED = "JSON is malformed: "
_NO_OBJECT = "is not a record: modelInput is not a JSON object"
_DECODER = msgspec.json.Decoder(InputRecord)
_RECORD_ID: msgspec.json.Decoder[str | None] = msgspec.json.Decoder(str | None)
_BLANKS = 1000
"""Bytes of a value of which at least one is no blank."""
_ENCODER = msgspec.json.Encoder()


def read(line: bytes) -> InputRecord | None:
    """The record of an input line; None for a blank line.

    A byte order mark before it and `\\r\\n` behind it are accepted. Raises `NotARecord`.
    """
    if len(line) > LONGEST_LINE:
        return read_long((line,), lambda begin, end: line[begin:end])
    text = line
    if line[:1] != b"{":
        text = line.removeprefix(codecs.BOM_UTF8)
        if not text or text.isspace():
            return None
    try:
        if not text.isascii():
            text.decode()  # msgspec does not validate the UTF-8 of raw members
        record = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        return _unsendable(text, error)
    if bytes(record.model_input)[0] != ord("{"):
        raise NotARecord(_NO_OBJECT)
    return record


def _unsendable(line: bytes, error: Exception) -> UnsendableRecord | None:
    """The record of a line that the decoder refuses, and that is one nevertheless. Raises `NotARecord`."""
    record: UnsendableRecord | None = None
    match error:
        case UnicodeDecodeError():
            reason = f"is not UTF-8: {error.reason} (byte {error.start})"
        case msgspec.ValidationError():
            reason = f"is not a record: {error}"
        case RecursionError():
            return _too_deep(line)
        case _:
            reason = f"is not JSON: {str(error).removeprefix(_MALFORMED)}"
            record = _with_lone_surrogates(line)
    if record is None:
        raise NotARecord(reason) from error
    if bytes(record.model_input)[0] != ord("{"):
        raise NotARecord(_NO_OBJECT) from error
    return record


def read_long(pieces: Iterable[bytes], part: Callable[[int, int], bytes]) -> UnsendableRecord | None:
    """The record of a line longer than `LONGEST_LINE`, which is not parsed; None for a blank line.

    `pieces`: the line's bytes in order; `part`: begin, end → those bytes of it. Raises `NotARecord`.
    """
    return _unparsed(pieces, part, f"the line has more than {LONGEST_LINE:,} bytes")


def _too_deep(line: bytes) -> UnsendableRecord | None:
    return _unparsed((line,), lambda begin, end: line[begin:end], "is nested too deeply")


def _unparsed(
    pieces: Iterable[bytes], part: Callable[[int, int], bytes], why: str
) -> UnsendableRecord | None:
    """The record of a line that no parser takes. Its `modelInput` is left out, because a reader of the output
    could not parse it either. Raises `NotARecord`."""
    try:
        spans = outline(pieces)
    except ValueError as error:
        raise NotARecord(f"is not JSON: {error}") from error
    if spans is None:
        return None
    begin, end = spans.get("modelInput", (0, 0))
    if not part(begin, end if end - begin < _BLANKS else begin + _BLANKS).lstrip().startswith(b"{"):
        raise NotARecord(_NO_OBJECT)
    try:
        record_id = _RECORD_ID.decode(part(*spans["recordId"])) if "recordId" in spans else None
    except msgspec.DecodeError as error:
        raise NotARecord(f"is not a record: recordId: {error}") from error
    reason = f"modelInput: {why}; it is left out of this row"
    return UnsendableRecord(model_input=Raw(b"{}"), record_id=record_id, reason=reason)


def _with_lone_surrogates(line: bytes) -> UnsendableRecord | None:
    """The record of a line with no flaw but lone surrogate escapes (`"\\ud83d"`); None for other lines.

    JSON's grammar allows it and JavaScript writes it, but it encodes no character and no provider accepts it.
    Raises `NotARecord` where it is outside of `modelInput`.
    """
    places = halves(line)
    if not places:
        return None
    whole = bytearray(line)
    for at in places:
        whole[at : at + len(REPLACEMENT)] = REPLACEMENT
    try:
        record = _DECODER.decode(whole)
    except msgspec.DecodeError:
        return None
    except RecursionError:
        return _too_deep(line)
    begin = whole.find(record.model_input)
    end = begin + len(memoryview(record.model_input))
    escape = line[places[0] : places[0] + len(REPLACEMENT)].decode()
    if not all(begin <= at < end for at in places):
        raise NotARecord(f"has {escape} outside of modelInput, half of a surrogate pair (byte {places[0]})")
    return UnsendableRecord(
        model_input=Raw(line[begin:end]),
        record_id=record.record_id,
        reason=f"modelInput: {escape} is half of a surrogate pair, no character (byte {places[0] - begin})",
    )


def generated_id(index: int) -> str:
    """The id of a record without one. `index`: position among the job's records, from 0.

    AWS adds an id to the output, in an undocumented form. Its documentation once asked for eleven characters.
    """
    return f"REC{index + 1:08d}"


def output_line(record_id: str, model_input: Raw, outcome: bytes | RecordError) -> bytes:
    """An output line with its line end: the record with its `modelOutput` (JSON on one line) or error."""
    if isinstance(outcome, RecordError):
        member = b',"error":' + _ENCODER.encode(_Error(outcome.code, outcome.message))
    else:
        member = b',"modelOutput":' + outcome
    identity = _ENCODER.encode(record_id)
    line = b"".join((b'{"recordId":', identity, b',"modelInput":', model_input, member, b"}\n"))
    return line if line.isascii() else _without_line_breaks(line)


def manifest(
    *, total: int, processed: int, succeeded: int, failed: int, input_tokens: int, output_tokens: int
) -> bytes:
    """The content of `manifest.json.out`: AWS's six counters in AWS's order."""
    return _ENCODER.encode(_Manifest(total, processed, succeeded, failed, input_tokens, output_tokens))


def _without_line_breaks(line: bytes) -> bytes:
    for line_break in _LINE_BREAKS:
        line = line.replace(line_break.raw, line_break.escaped)
    return line
