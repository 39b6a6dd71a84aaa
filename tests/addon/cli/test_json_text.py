"""Documents as people read them."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from addon.cli.jobs.json_text import LONGEST, readable
from addon.cli.jobs.text import one_line, visible

_leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


def test_a_prompt_has_its_line_breaks_and_a_number_its_digits() -> None:
    content = b'{"prompt": "one\\ntwo \\"2\\"", "n": 1.10, "big": 123456789012345678901234567890}\n'
    expected = (
        '{\n  "prompt": "one\n    two \\"2\\"",\n  "n": 1.10,\n  "big": 123456789012345678901234567890\n}'
    )
    assert readable(content, full=False) == expected


def test_a_member_that_is_there_twice_is_shown_twice() -> None:
    assert readable(b'{"a": 1, "a": 2, "b": {}, "c": []}', full=True).count('"a"') == 2


def test_what_is_no_json_is_shown_as_it_is() -> None:
    assert readable(b"\xff<html>\x1b[0m", full=False) == "\ufffd<html>\\x1b[0m"
    assert readable(b"[" * 100_000, full=True) == "[" * 100_000
    assert readable(b"", full=False) == ""


def test_what_is_long_is_cut_unless_all_of_it_is_wanted() -> None:
    content = json.dumps({"a": "x" * 1_000_000}).encode()
    assert len(readable(content, full=False)) < 3_000
    assert "998,000 more characters" in readable(content, full=False)
    assert len(readable(content, full=True)) > 1_000_000
    many = json.dumps(["y" * 100] * 10_000).encode()
    assert len(readable(many, full=False)) < LONGEST + 100
    assert readable(many, full=False).endswith("more characters; --full shows all")


@given(_values)
def test_no_text_is_obeyed_by_a_terminal(value: Any) -> None:
    for ascii_only in (True, False):
        content = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        for character in readable(content, full=True):
            assert character == "\n" or character.isprintable()


@given(st.text())
def test_a_line_is_one_line(text: str) -> None:
    assert one_line(text).isprintable()
    assert len(one_line(text, 10)) <= 10
    assert visible(visible(text)) == visible(text)
