"""A text that is paid for comes home, whatever is wrong with the labels beside it."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.translators.answering import ROWS, TEXT_DIALECTS, read
from tests.translators.provider_formats import Json, ModelAnswer
from translators.providers.registry import PROVIDERS

TEXT = "The answer is 42."
IDS = frozenset({"custom_id", "key", "batch_request_id", "bedrock_batch_record"})
"""Members that say which record a row is of; without them there is none to answer."""

ODD: tuple[Any, ...] = (None, "", "bored", "eos", 0, 7, -1, 2.5, "12", True, False, [], {}, ["a"], {"a": 1})
MISSING = object()

type Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every member and item that does not hold the text, nor says whose the row is."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inside in items:
        if step in IDS or inside == TEXT:
            continue
        if not any(word in json.dumps(inside) for word in (*IDS, TEXT)):
            yield (*path, step)
        yield from leaves(inside, (*path, step))


def changed(row: Json, path: Path, value: Any) -> Json:
    """The row with another value in one place, or without the member."""
    row = copy.deepcopy(row)
    place: Any = row
    for step in path[:-1]:
        place = place[step]
    if value is MISSING:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return row


@pytest.mark.parametrize("source", sorted(ROWS))
@given(data=st.data())
def test_text_comes_home_whatever_the_labels_say(source: str, data: st.DataObject) -> None:
    row = ROWS[source]("r-1", ModelAnswer(text=TEXT))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(sorted(leaves(row), key=str)))
        row = changed(row, path, data.draw(st.sampled_from([MISSING, *ODD])))
    dialect = data.draw(st.sampled_from(TEXT_DIALECTS))
    written = json.dumps(row).encode()
    assert TEXT in read(source, dialect, written).text
    receipt = PROVIDERS[source.partition("/")[0]].receipt(written)
    assert (receipt.custom_id, receipt.final) == ("r-1", True)


@pytest.mark.parametrize("dialect", TEXT_DIALECTS)
@pytest.mark.parametrize("source", sorted(ROWS))
def test_one_label_after_another(source: str, dialect: str) -> None:
    good = ROWS[source]("r-1", ModelAnswer(text=TEXT))
    for path in leaves(good):
        for value in (MISSING, None, "bored", 7, [], {}):
            found = read(source, dialect, json.dumps(changed(good, path, value)).encode())
            assert TEXT in found.text, (path, value)
