"""Members of JSON objects that are not parsed."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.translators.bedrock.test_records import JSON, OBJECTS
from translators.bedrock.outlines import outline


@given(OBJECTS, JSON, st.booleans(), st.integers(3, 40), st.sampled_from([None, 1]))
def test_every_member_is_found_whatever_the_pieces(
    members: dict[str, object], value: object, ascii_only: bool, size: int, indent: int | None
) -> None:
    members = {name[:8]: member for name, member in members.items()} | {"last": value}
    line = json.dumps(members, ensure_ascii=ascii_only, indent=indent).encode()
    spans = outline(line[at : at + size] for at in range(0, len(line), size))
    assert spans is not None
    assert {name: msgspec.json.decode(line[slice(*span)]) for name, span in spans.items()} == members


@pytest.mark.parametrize("line", [b"", b" \r\n", b"\xef\xbb\xbf\n"])
def test_blanks_have_no_outline(line: bytes) -> None:
    assert outline([line]) is None


@pytest.mark.parametrize(
    "line", [b"[1]", b'{"a":1', b'{"a":"', b'{"a":1}}', b'{"a":1} {}', b"{]", b"x{}", b"{:1}"]
)
def test_what_is_no_object_or_not_whole_has_none(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        outline([line])
