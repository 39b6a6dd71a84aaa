"""Input lines, output lines, the manifest."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from translators.bedrock import records
from translators.errors import RecordError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=5)


@pytest.mark.parametrize(
    ("line", "record_id", "model_input"),
    [
        (b'{"recordId":"r1","modelInput":{"a": 1}}', "r1", b'{"a": 1}'),
        (b'{"modelInput":{}}', None, b"{}"),
        (b'{"recordId":null,"modelInput":{}}', None, b"{}"),
        (b'{"recordId":"","modelInput":{}}', "", b"{}"),
        (b'{"modelInput":{"b":[ ]},"recordId":"r2","extra":{"a":1}}', "r2", b'{"b":[ ]}'),
        (b'\xef\xbb\xbf{"recordId":"first","modelInput":{}}', "first", b"{}"),
        (b'{"recordId":"r3","modelInput":{}}\r\n', "r3", b"{}"),
        ('{"recordId":"é","modelInput":{"t":"日本"}}'.encode(), "é", '{"t":"日本"}'.encode()),
    ],
)
def test_record_is_read_from_its_line(line: bytes, record_id: str | None, model_input: bytes) -> None:
    record = records.read(line)
    assert record is not None
    assert (record.record_id, bytes(record.model_input)) == (record_id, model_input)


@pytest.mark.parametrize("line", [b"", b"\n", b"\r\n", b"  \t\n", b"\xef\xbb\xbf\r\n"])
def test_blank_line_holds_no_record(line: bytes) -> None:
    assert records.read(line) is None


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b'{"recordId":"r1","modelInput":{"a":1}', "is not JSON: Input data was truncated"),
        (b'{"modelInput":{"a":nul}}', r"is not JSON: .*\(byte 20\)"),
        (b'{"modelInput":{"a":"\x01"}}', r"is not JSON: .*\(byte 20\)"),
        (b'{"modelInput":{}} {}', "is not JSON: .*trailing characters"),
        (b'["modelInput"]', "is not a record: Expected `object`, got `array`"),
        (b'"modelInput"', "is not a record: Expected `object`, got `str`"),
        (b'{"recordId":"r1"}', "is not a record: Object missing required field `modelInput`"),
        (b'{"recordId":"r1","modelInput":"hi"}', "is not a record: modelInput is not a JSON object"),
        (b'{"recordId":"r1","modelInput":null}', "is not a record: modelInput is not a JSON object"),
        (b'{"recordId":1,"modelInput":{}}', r"is not a record: .*`str.*`, got `int` - at `\$.recordId`"),
        (b'{"modelInput":{"a":"\xff"}}', r"is not UTF-8: invalid start byte \(byte 20\)"),
        ('{"modelInput":{}}'.encode("utf-16"), "is not UTF-8"),
        (
            b'{"modelInput":{"a":' + b"[" * 100_000 + b"]" * 99_999 + b"}}",
            "is not JSON: Input data was truncated",
        ),
        (b'{"modelInput":{"a":' + b"[" * 100_000, "is not JSON: Input data was truncated"),
        (b'{"modelInput":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "modelInput is not a JSON object"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_line_that_is_no_record_is_refused_saying_why(line: bytes, complaint: str) -> None:
    with pytest.raises(records.NotARecord, match=complaint):
        records.read(line)


@pytest.mark.parametrize(
    ("text", "escape"),
    [
        (rb"cut here: \ud83d", rb"\ud83d"),
        (rb"\uDE00 and more", rb"\uDE00"),
        (rb"\ud83d\ud83d\ude00", rb"\ud83d"),
        (rb"\ud83d\u0041", rb"\ud83d"),
        (rb"\\\ud83d", rb"\ud83d"),
    ],
)
def test_half_of_a_surrogate_pair_is_a_record_that_cannot_be_sent(text: bytes, escape: bytes) -> None:
    body = b'{"text": "' + text + b'"}'
    record = records.read(b'{"recordId":"r1","modelInput":' + body + b',"more":1}\r\n')
    assert isinstance(record, records.UnsendableRecord)
    assert (record.record_id, bytes(record.model_input)) == ("r1", body)
    assert record.reason.startswith(f"modelInput: {escape.decode()} is half of a surrogate pair")
    assert record.reason.endswith(f"(byte {body.index(escape)})")


@pytest.mark.parametrize("text", [rb"\ud83d\ude00", rb"\\ud83d", "😀".encode()])
def test_what_only_looks_like_half_of_a_surrogate_pair_is_sent(text: bytes) -> None:
    record = records.read(b'{"modelInput":{"text":"' + text + b'"}}')
    assert type(record) is records.InputRecord


@pytest.mark.parametrize(
    "line", [rb'{"recordId":"\ud83d","modelInput":{}}', rb'{"modelInput":{"a":"\ud83d"},"more":"\ud83d"}']
)
def test_half_of_a_surrogate_pair_outside_of_the_body_is_refused(line: bytes) -> None:
    with pytest.raises(records.NotARecord, match=r"has \\ud83d outside of modelInput"):
        records.read(line)


DEEP = b"[" * 100_000 + b"]" * 100_000
LONG = b'"' + rb"\n\"" * (records.LONGEST_LINE // 4) + b'"'


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (DEEP, "nested too deeply"),
        (rb'"\ud83d","b":' + DEEP, "nested too deeply"),
        (LONG, "26,000,000 bytes"),
    ],
    ids=["deep", "deep and half a pair", "long"],
)
@pytest.mark.parametrize(
    ("before", "after", "record_id"),
    [
        (b'{"recordId":"r1","modelInput":{"a":', b"}}\r\n", "r1"),
        (b'\xef\xbb\xbf { "modelInput" : {"a":', b'}, "recordId" : "x\\"}" }', 'x"}'),
        (b'{"recordId":null,"modelInput":{"a":', b"}}", None),
    ],
)
def test_a_line_that_no_parser_takes_is_a_record_that_cannot_be_sent(
    value: bytes, why: str, before: bytes, after: bytes, record_id: str | None
) -> None:
    record = records.read(before + value + after)
    assert isinstance(record, records.UnsendableRecord)
    assert (record.record_id, bytes(record.model_input)) == (record_id, b"{}")
    assert why in record.reason


def test_a_broken_line_with_half_of_a_surrogate_pair_is_not_json() -> None:
    with pytest.raises(records.NotARecord, match="is not JSON"):
        records.read(rb'{"modelInput":{"a":"\ud83d"}')


@given(st.text(), OBJECTS, st.booleans())
def test_model_input_is_read_byte_for_byte(record_id: str, model_input: object, ascii_only: bool) -> None:
    raw = json.dumps(model_input, ensure_ascii=ascii_only)
    record = records.read(f'{{"recordId": {json.dumps(record_id)} , "modelInput": {raw} }}\n'.encode())
    assert record is not None
    assert (record.record_id, bytes(record.model_input)) == (record_id, raw.encode())


@given(st.text(), OBJECTS, JSON)
def test_output_line_is_one_line_for_every_reader_and_loses_nothing(
    record_id: str, model_input: object, model_output: object
) -> None:
    asked, answered = (
        json.dumps(value, ensure_ascii=False).encode() for value in (model_input, model_output)
    )
    line = records.output_line(record_id, Raw(asked), answered)
    assert line.endswith(b"}\n")
    assert len(line.decode().splitlines()) == 1
    assert list(json.loads(line).items()) == [
        ("recordId", record_id),
        ("modelInput", model_input),
        ("modelOutput", model_output),
    ]


@given(OBJECTS)
def test_model_input_is_echoed_byte_for_byte_but_for_line_breaks(model_input: object) -> None:
    raw = json.dumps(model_input, ensure_ascii=False)
    escaped = raw.replace("\x85", r"\u0085").replace("\u2028", r"\u2028").replace("\u2029", r"\u2029")
    line = records.output_line("r", Raw(raw.encode()), b"{}")
    assert line == f'{{"recordId":"r","modelInput":{escaped},"modelOutput":{{}}}}\n'.encode()


def test_line_breaks_are_escaped_in_ids_and_answers_too() -> None:
    line = records.output_line("a\u2028b", Raw(b"{}"), '{"t":"c\u2029d\x85e"}'.encode())
    assert line == rb'{"recordId":"a\u2028b","modelInput":{},"modelOutput":{"t":"c\u2029d\u0085e"}}' + b"\n"


def test_error_stands_instead_of_the_answer() -> None:
    line = records.output_line("r2", Raw(b'{"max_tokens":16}'), RecordError(400, "messages: Field required"))
    assert line == (
        b'{"recordId":"r2","modelInput":{"max_tokens":16},'
        b'"error":{"errorCode":400,"errorMessage":"messages: Field required"}}\n'
    )


def test_generated_ids_have_eleven_characters_and_count_from_one() -> None:
    assert [records.generated_id(index) for index in (0, 41, 99_999_998)] == [
        "REC00000001",
        "REC00000042",
        "REC99999999",
    ]


def test_manifest_has_the_six_counters_in_order() -> None:
    manifest = records.manifest(
        total=100, processed=99, succeeded=97, failed=2, input_tokens=12000, output_tokens=3400
    )
    assert manifest == (
        b'{"totalRecordCount":100,"processedRecordCount":99,"successRecordCount":97,"errorRecordCount":2,'
        b'"inputTokenCount":12000,"outputTokenCount":3400}'
    )
