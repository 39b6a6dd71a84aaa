"""Translates records to provider lines, and provider rows to `modelOutput`.

    source dialect → Converse request → provider line
    provider row → Converse response → source dialect

A body in the provider's own format bypasses the hub; embeddings have a hub of their own. Pure: the same input
gives the same bytes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol, override

import msgspec
from msgspec import Raw, Struct, structs

from translators.bedrock.converse import Answer, NotedRequest
from translators.bedrock.embeddings import SCALED, EmbeddingAnswer, EmbeddingRequest
from translators.bedrock.families.registry import (
    CONVERSE,
    AnyFamily,
    EmbeddingFamily,
    Family,
    families_of_model,
    family_of_body,
)
from translators.bedrock.model_ids import parse
from translators.bedrock.records import LONGEST_LINE, AnyRecord, DecodedRecord, UnsendableRecord, read
from translators.errors import Filtered, RecordError, Refused
from translators.providers.batch_file import Line, Unfinished, joined, part_id
from translators.providers.provider import Embeddings, Native, OtherEndpoint, Provider
from translators.providers.registry import provider
from translators.providers.rules.model_rules import Overrides
from translators.surrogates import replaced
from translators.wire import Members, ModelOutput

type InvocationType = Literal["InvokeModel", "Converse"]

_MEMBERS = msgspec.json.Decoder(dict[str, Raw])
_MISSING = Unfinished("the provider gave no result for a part of the record")
_INPUT = re.compile(r"^inputs\[(\d+)\]")


@dataclass(frozen=True, kw_only=True)
class Route:
    """Source and target of a job's records."""

    model_id: str
    """The job's `modelId` as the application sent it."""
    invocation_type: InvocationType
    provider: str
    """A row of the provider registry."""
    model: str
    """The provider's name of the model."""
    endpoint: str | None = None
    """One of the provider's other endpoints; None for the one that the model needs."""
    rules: Overrides = ()
    """The section's changes of the rules of models."""


class Translator:
    """Translates the records of one job, in both directions."""

    def __init__(self, route: Route) -> None:
        self._route = route
        converse = route.invocation_type == "Converse"
        self._families: tuple[AnyFamily, ...] = (
            (CONVERSE,) if converse else families_of_model(parse(route.model_id))
        )
        self._codecs = {family.name: _codec(family, route) for family in self._families}
        bodies = [(body, codec) for codec in self._codecs.values() for body in codec.bodies]
        self._codec = self._codecs[self._families[0].name] if len(self._families) == 1 else None
        if self._codec is None:  # only a struct tells bodies of several dialects apart
            bodies = [(body, codec) for body, codec in bodies if isinstance(body, type)]
        self._codec_of_body: dict[Any, _Codec] = dict(bodies)
        self._decoders = [_decoder_of_lines(body) for body, _ in bodies]

    def read(self, line: bytes) -> AnyRecord | None:
        """The record of an input line, None for a blank line. Raises `NotARecord`.

        Line and body are decoded in one pass: as the model's dialect or, where it has several, at first as
        the one of the record before. A line that fails there is decoded again by `records.read`, which finds
        the error.
        """
        if not self._decoders or len(line) > LONGEST_LINE:
            return read(line)
        if not line.isascii():
            try:
                line.decode()  # msgspec does not validate the UTF-8 of raw members
            except ValueError:
                return read(line)
        try:
            return self._decoders[0].decode(line)
        except (ValueError, RecursionError):
            return self._read_otherwise(line)

    def _read_otherwise(self, line: bytes) -> AnyRecord | None:
        """The record of a line that is not what the first decoder expects."""
        for index, decoder in enumerate(self._decoders[1:], 1):
            try:
                record = decoder.decode(line)
            except (ValueError, RecursionError):
                continue
            if self._codec is None:
                self._decoders.insert(0, self._decoders.pop(index))
            return record
        return read(line)

    def line(self, custom_id: str, record: AnyRecord) -> Line | RecordError:
        """The provider's line for a record, or the record's error."""
        if (
            type(record) is UnsendableRecord
        ):  # `isinstance` of a struct is slower: it asks its metaclass first
            return RecordError(400, record.reason)
        model_input: Any = record.model_input
        try:
            codec = self._codec or self._codec_of_body.get(type(model_input)) or self._codec_of(model_input)
            return codec.line(custom_id, model_input)
        except Refused as refusal:
            return refusal.error
        except RecursionError:
            return RecordError(400, "modelInput: is nested too deeply")

    def model_output(self, model_input: Raw, *rows: bytes | None) -> ModelOutput | RecordError | Unfinished:
        """The outcome of a record from the provider's result row, in the dialect of its `model_input`.

        `rows`: one for each of the record's lines, in their order; None for one that is missing.
        """
        try:
            codec = self._codec or self._codec_of(model_input)
            if len(rows) == 1 and rows[0] is not None:
                return codec.output(model_input, _in_utf_8(rows[0]))
            return codec.whole(model_input, [None if row is None else _in_utf_8(row) for row in rows])
        except Filtered as filtered:
            return filtered.error
        except Refused as refusal:
            return RecordError(502, f"the provider's answer cannot be shown in this dialect: {refusal}")
        except RecursionError:
            return RecordError(502, "the provider's answer, or modelInput, is nested too deeply")

    def _codec_of(self, model_input: Raw) -> "_Codec":
        try:
            members = _MEMBERS.decode(model_input)
        except msgspec.DecodeError as error:
            raise Refused("modelInput", str(error)) from error
        family = family_of_body(members, self._families)
        if family.name not in self._codecs:
            self._codecs[family.name] = _codec(family, self._route)
        return self._codecs[family.name]


def _in_utf_8(row: bytes) -> bytes:
    """The row without bytes that are no UTF-8, which msgspec does not find in raw members."""
    if row.isascii():
        return row
    try:
        row.decode()
    except UnicodeDecodeError:
        return replaced(row)
    return row


def _decoder_of_lines(body: Any) -> msgspec.json.Decoder[DecodedRecord[Any]]:
    return msgspec.json.Decoder(DecodedRecord[body])


class _Codec(Protocol):
    """Translation between one dialect and one provider."""

    bodies: Sequence[Any] = ()
    """The types of bodies that are decoded before `line`, tried in this order; none where `line` takes raw
    bodies only."""

    def line(self, custom_id: str, model_input: Any) -> Line: ...

    def output(self, model_input: Raw, row: bytes) -> ModelOutput | RecordError | Unfinished: ...

    def whole(self, model_input: Raw, rows: Sequence[bytes | None]) -> ModelOutput | RecordError | Unfinished:
        """The output of a record that was sent as several lines, which most never are."""
        return RecordError(502, f"{len(rows)} results are there, and one line was sent")


def _codec(family: AnyFamily, route: Route) -> _Codec:
    target = provider(route.provider)
    if isinstance(family, EmbeddingFamily):
        if target.embeddings is None:
            return _UnsupportedEmbeddings(target)
        return _EmbeddingCodec(family, target.embeddings, route, scaled=target.scales_vectors)
    endpoint = route.endpoint or _needed_endpoint(target, route)
    if endpoint is not None:
        return _ConverseCodec(family, target.other_endpoints[endpoint], route)
    native = target.native.get(family.wire) if family.wire is not None else None
    if native is not None and native.speaks(route.model):
        return _PassthroughCodec(family, native, route)
    return _ConverseCodec(family, target, route)


def _needed_endpoint(target: Provider, route: Route) -> str | None:
    """The other endpoint that the model needs, where the provider has that."""
    endpoint = target.models.rules(route.model, route.rules).endpoint
    return endpoint if endpoint in target.other_endpoints else None


class _ConverseCodec(_Codec):
    """Through the hub."""

    def __init__(self, family: Family, target: Provider | OtherEndpoint, route: Route) -> None:
        self.bodies = (family.body,) if family.common is None else (family.common, family.body)
        self._family = family
        self._target = target
        self._route = route
        self._request, self._line = family.request, target.line
        self._model, self._rules = route.model, route.rules

    @override
    def line(self, custom_id: str, model_input: Any) -> Line:
        request = self._request(model_input)
        line = self._line(custom_id, request, self._model, self._rules)
        if type(request) is NotedRequest and request.notes:
            return structs.replace(line, notes=request.notes + line.notes)
        return line

    @override
    def output(self, model_input: Raw, row: bytes) -> ModelOutput | RecordError | Unfinished:
        answer = self._target.answer(row, lambda: self._family.request(model_input))
        if isinstance(answer, RecordError | Unfinished):
            return answer
        return _written(self._family, answer, self._route, model_input)


def _written(family: Family, answer: Answer, route: Route, model_input: Raw) -> ModelOutput:
    """The answer in the dialect."""
    output = family.output(answer, route.model_id, model_input)
    usage = answer.response.usage
    return ModelOutput(output, usage.input_tokens, usage.output_tokens, tuple(answer.notes))


class _PassthroughCodec(_Codec):
    """For bodies in the provider's own format, which pass member by member."""

    def __init__(self, family: Family, native: Native, route: Route) -> None:
        self._family = family
        self._native = native
        self._route = route
        self._plain = native.plain
        self.bodies = (Members.__value__,)
        if self._plain is not None:
            self.bodies = (self._plain.body, *self.bodies)
            self._decoder = msgspec.json.Decoder(self._plain.body)

    @override
    def line(self, custom_id: str, model_input: Any) -> Line:
        """The line of a raw body, of its members, or of a plain one."""
        route, plain = self._route, self._plain
        if plain is not None:
            body = self._decoded(model_input) if type(model_input) is Raw else model_input
            if type(body) is plain.body:  # `isinstance` of a struct is slower
                line = plain.line(custom_id, body, route.model, route.rules)
                if line is not None:
                    return line
                model_input = _MEMBERS.decode(msgspec.json.encode(body))
        return self._native.line(custom_id, model_input, route.model, route.rules)

    def _decoded(self, model_input: Raw) -> Struct | Raw:
        try:
            plain: Struct = self._decoder.decode(model_input)
            return plain
        except (ValueError, RecursionError):
            return model_input

    @override
    def output(self, model_input: Raw, row: bytes) -> ModelOutput | RecordError | Unfinished:
        answer = self._native.answer(row)
        if isinstance(answer, RecordError | Unfinished):
            return answer
        if isinstance(answer, Answer):
            return _written(self._family, answer, self._route, model_input)
        following = self._native.following
        completion = answer.json if following is None else following(answer.json, model_input)
        output = self._family.passthrough(completion, self._route.model_id)
        return ModelOutput(output, answer.input_tokens, answer.output_tokens, answer.notes)


class _EmbeddingCodec(_Codec):
    """A record with more inputs than the provider takes at once is sent in parts."""

    def __init__(
        self, family: EmbeddingFamily, embeddings: Embeddings, route: Route, *, scaled: bool
    ) -> None:
        self._family = family
        self._embeddings = embeddings
        self._route = route
        self._unknown = frozenset[str]() if scaled else SCALED

    @override
    def line(self, custom_id: str, model_input: Raw) -> Line:
        request = self._family.request(model_input)
        for index, kind in enumerate(request.types):
            if kind in self._unknown:
                raise Refused(
                    f"embedding_types[{index}]",
                    f"{kind!r}: Cohere does not say how it scales; accepted are float, binary, ubinary",
                )
        most = self._embeddings.most_inputs
        if most is None or len(request.inputs) <= most:
            return self._embeddings.line(custom_id, request, self._route.model)
        parts = _parts(request, most)
        return joined(
            [
                self._part_line(part_id(custom_id, number, len(parts)), part, number * most)
                for number, part in enumerate(parts)
            ]
        )

    def _part_line(self, custom_id: str, part: EmbeddingRequest, first: int) -> Line:
        """The line for a part that begins with the record's input of that number."""
        try:
            return self._embeddings.line(custom_id, part, self._route.model)
        except Refused as refusal:
            field = _INPUT.sub(lambda found: f"inputs[{int(found[1]) + first}]", refusal.field)
            reason = str(refusal).removeprefix(f"{refusal.field}: ")
            raise Refused(field, reason, refusal.code) from refusal

    @override
    def output(self, model_input: Raw, row: bytes) -> ModelOutput | RecordError | Unfinished:
        answer = self._embeddings.answer(row, lambda: self._family.request(model_input))
        if isinstance(answer, RecordError | Unfinished):
            return answer
        return self._written(answer, model_input)

    @override
    def whole(self, model_input: Raw, rows: Sequence[bytes | None]) -> ModelOutput | RecordError | Unfinished:
        parts = _parts(self._family.request(model_input), self._embeddings.most_inputs or 1)
        if len(parts) != len(rows):
            return RecordError(502, f"{len(rows)} results are there, and {len(parts)} lines were sent")
        answers: list[EmbeddingAnswer] = []
        unfinished: Unfinished | None = None
        for part, row in zip(parts, rows, strict=True):
            answer = _MISSING if row is None else self._embeddings.answer(row, partial(_same, part))
            if isinstance(answer, RecordError):
                return answer
            if isinstance(answer, Unfinished):
                unfinished = answer
            else:
                answers.append(answer)
        return unfinished or self._written(_united(answers), model_input)

    def _written(self, answer: EmbeddingAnswer, model_input: Raw) -> ModelOutput:
        output = self._family.output(answer, self._route.model_id, model_input)
        return ModelOutput(output, answer.input_tokens or 0, 0)


def _parts(request: EmbeddingRequest, most: int) -> list[EmbeddingRequest]:
    """The request in parts of at most so many inputs."""
    inputs = request.inputs
    return [structs.replace(request, inputs=inputs[at : at + most]) for at in range(0, len(inputs), most)]


def _united(answers: Sequence[EmbeddingAnswer]) -> EmbeddingAnswer:
    """The answers to all parts of a record, in their order, as the record's."""
    counts = [answer.input_tokens for answer in answers if answer.input_tokens is not None]
    return structs.replace(
        answers[0],
        vectors=tuple(vector for answer in answers for vector in answer.vectors),
        input_tokens=sum(counts) if counts else None,
        by_type={
            kind: [vector for answer in answers for vector in answer.by_type.get(kind, ())]
            for kind in answers[0].by_type
        },
    )


def _same(request: EmbeddingRequest) -> EmbeddingRequest:
    return request


class _UnsupportedEmbeddings(_Codec):
    def __init__(self, target: Provider) -> None:
        self._refusal = Refused(
            "modelInput", f"asks for embeddings, which {target.name} does not make in batches"
        )

    @override
    def line(self, custom_id: str, model_input: Raw) -> Line:
        raise self._refusal

    @override
    def output(self, model_input: Raw, row: bytes) -> ModelOutput | RecordError | Unfinished:
        raise self._refusal
