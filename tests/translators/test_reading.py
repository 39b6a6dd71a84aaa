"""Whether a body is decoded with its line or later makes no difference to what is sent, refused, and why."""

import json
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from tests.translators.dialects import DIALECTS
from translators.bedrock import records
from translators.bedrock.records import AnyRecord, NotARecord
from translators.errors import RecordError
from translators.providers.batch_file import Line
from translators.translation import Route, Translator

BODIES = [(dialect, feature) for dialect, spoken in DIALECTS.items() for feature in spoken.bodies]
SCRAPS = [
    b"",
    b"}",
    b'"',
    b"{}",
    b",",
    b"null",
    b"\\ud83d",
    b"\xff",
    b"\xc3\xa9",
    b'"a":1,',
    b"1e999",
    b"\x00",
]


@st.composite
def damaged_lines(draw: st.DrawFn) -> tuple[str, bytes]:
    """A dialect, and a line with a record of it, often damaged in a place or two."""
    dialect, feature = draw(st.sampled_from(BODIES))
    record = {"recordId": "r1", "modelInput": DIALECTS[dialect].bodies[feature]}
    line = json.dumps(record, ensure_ascii=draw(st.booleans())).encode()
    for scrap in draw(st.lists(st.sampled_from(SCRAPS), max_size=2)):
        at, dropped = draw(st.integers(0, len(line))), draw(st.integers(0, 3))
        line = line[:at] + scrap + line[at + dropped :]
    return dialect, line


def translator_of(dialect: str, provider: str) -> Translator:
    spoken = DIALECTS[dialect]
    return Translator(
        Route(
            model_id=spoken.model_id,
            invocation_type=spoken.invocation_type,
            provider=provider,
            model="a-model",
        )
    )


def meaning(reads: Callable[[bytes], AnyRecord | None], line: bytes, translator: Translator) -> object:
    """The record's id and what is sent for it; what is wrong with the line; None for a blank one."""
    try:
        record = reads(line)
    except NotARecord as error:
        return str(error)
    return None if record is None else (record.record_id, translator.line("r-1", record))


@given(damaged_lines(), st.sampled_from(["anthropic", "openai", "gemini"]))
def test_a_line_means_the_same_however_it_is_read(damaged: tuple[str, bytes], provider: str) -> None:
    dialect, line = damaged
    translator = translator_of(dialect, provider)
    assert meaning(translator.read, line, translator) == meaning(records.read, line, translator)


def test_most_records_of_these_are_sent() -> None:
    """So that the property above speaks of more than refusals."""
    outcomes: list[Line | RecordError] = []
    for dialect, feature in BODIES:
        translator = translator_of(dialect, "openai")
        line = json.dumps({"modelInput": DIALECTS[dialect].bodies[feature]}).encode()
        record = translator.read(line)
        assert record is not None
        outcomes.append(translator.line("r-1", record))
    assert sum(isinstance(outcome, Line) for outcome in outcomes) > len(BODIES) / 2
