"""A body of common members, decoded as the smaller type, is the request that any body becomes."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, Struct

from translators.bedrock.converse import Request
from translators.bedrock.families.registry import FAMILIES, Family
from translators.errors import Refused

ROWS = [row for row in FAMILIES.values() if isinstance(row, Family) and row.common is not None]

TEXT = st.text('a\u00e9" <', min_size=1, max_size=3)
PARTS = st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": TEXT}), min_size=1, max_size=2)
BLOCKS = st.lists(st.fixed_dictionaries({"text": TEXT}), min_size=1, max_size=2)
LIMIT = st.sampled_from([0, 1, 512, None])
NUMBER = st.sampled_from([0, 0.5, 1, 1.0, None])
STOP = st.sampled_from([[], ["a"], "a", None])


def turns(content: st.SearchStrategy[Any], *roles: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    turn = st.fixed_dictionaries({"role": st.sampled_from(["user", *roles]), "content": content})
    return st.lists(turn, min_size=1, max_size=3)


CONFIG = st.fixed_dictionaries(
    {}, optional={"maxTokens": LIMIT, "max_new_tokens": LIMIT, "temperature": NUMBER, "stopSequences": STOP}
)
NOVA = st.fixed_dictionaries(
    {"messages": turns(BLOCKS, "assistant")},
    optional={"system": BLOCKS, "inferenceConfig": CONFIG, "schemaVersion": st.just("messages-v1")},
)
CLAUDE = st.fixed_dictionaries(
    {"messages": turns(TEXT | PARTS, "assistant"), "max_tokens": LIMIT},
    optional={
        "system": TEXT | PARTS,
        "temperature": NUMBER,
        "top_p": NUMBER,
        "top_k": LIMIT,
        "stop_sequences": STOP,
        "anthropic_version": st.just("bedrock-2023-05-31"),
    },
)
CHAT = st.fixed_dictionaries(
    {"messages": turns(TEXT | PARTS | st.just("<reasoning>b</reasoning>a"), "assistant", "system")},
    optional={
        "max_tokens": LIMIT,
        "max_completion_tokens": LIMIT,
        "temperature": NUMBER,
        "top_p": NUMBER,
        "top_k": LIMIT,
        "stop": STOP,
    },
)
BODIES = {"nova": NOVA, "claude": CLAUDE}


def outcome(family: Family, body: Raw | Struct) -> Request | str:
    try:
        return family.request(body)
    except Refused as refusal:
        return str(refusal)


@pytest.mark.parametrize("family", ROWS, ids=lambda row: row.name)
@given(data=st.data())
def test_the_request_is_that_of_any_body(family: Family, data: st.DataObject) -> None:
    raw = Raw(json.dumps(data.draw(BODIES.get(family.name, CHAT))).encode())
    assert family.common is not None
    try:
        common = msgspec.json.decode(raw, type=family.common)
    except msgspec.ValidationError:
        return
    assert repr(outcome(family, common)) == repr(outcome(family, raw))


@pytest.mark.parametrize("family", ROWS, ids=lambda row: row.name)
def test_a_common_body_has_no_other_members(family: Family) -> None:
    assert family.common is not None
    members = set(family.common.__struct_encode_fields__)
    assert members < set(family.body.__struct_encode_fields__)
    for name in sorted(set(family.body.__struct_encode_fields__) - members):
        with pytest.raises(msgspec.ValidationError, match="unknown field"):
            msgspec.json.decode(json.dumps({name: None}), type=family.common)
