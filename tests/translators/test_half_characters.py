"""Halves of surrogate pairs, which a token limit leaves: a replacement character, and never a lost record."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.translators.answering import ROWS, TEXT_DIALECTS, outcome, read
from tests.translators.playing import endpoint_of
from tests.translators.provider_formats import ModelAnswer
from translators.errors import RecordError
from translators.providers.conversation import LINES, Batch
from translators.providers.registry import PROVIDERS
from translators.surrogates import replaced
from translators.wire import ModelOutput

HALVES = {"high": b"\\ud83d", "low": b"\\uDE00", "bytes": b"\xed\xa0\xbd", "cut": b"\xf0\x9f\x98"}
"""Halves as escapes, in CESU-8 and as the beginning of a character."""
MARK = "HALF"


def written(source: str, half: bytes, **answer: Any) -> bytes:
    return json.dumps(ROWS[source]("r-1", ModelAnswer(**answer))).encode().replace(MARK.encode(), half)


@pytest.mark.parametrize("dialect", TEXT_DIALECTS)
@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("source", sorted(ROWS))
def test_text_that_was_cut_within_a_character_comes_home(source: str, half: str, dialect: str) -> None:
    row = written(source, HALVES[half], text=f"Hello {MARK}", end="length")
    assert read(source, dialect, row).text == "Hello \ufffd"
    receipt = PROVIDERS[source.partition("/")[0]].receipt(row)
    assert (receipt.custom_id, receipt.final) == ("r-1", True)


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("source", sorted(set(ROWS) - {"openai/responses"}))
def test_arguments_of_a_tool_are_read_too(source: str, half: str) -> None:
    row = written(source, HALVES[half], calls=(("now", {"city": f"Bern {MARK}"}),), end="calls")
    assert read(source, "converse", row).calls == (("now", {"city": "Bern \ufffd"}),)


def test_half_within_the_text_of_arguments_is_replaced() -> None:
    row = written("openai", b"\\\\ud83d", calls=(("now", {"city": f"Bern {MARK}"}),), end="calls")
    assert read("openai", "claude", row).calls == (("now", {"city": "Bern \ufffd"}),)


ERRORS: dict[str, dict[str, Any]] = {
    "openai": {"response": {"status_code": 400, "body": {"error": {"message": f"No {MARK}"}}}},
    "mistral": {"response": {"status_code": 400, "body": {"message": f"No {MARK}"}}},
    "anthropic": {"result": {"type": "errored", "error": {"error": {"message": f"No {MARK}"}}}},
    "cohere": {"error": f"No {MARK}"},
    "fireworks": {"error": {"message": f"No {MARK}"}},
}


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("source", ERRORS)
def test_error_s_words_are_read_too(source: str, half: str) -> None:
    row = json.dumps({"custom_id": "r-1", **ERRORS[source]}).encode().replace(MARK.encode(), HALVES[half])
    found = outcome(source, "llama", row)
    assert isinstance(found, RecordError)
    assert found.message == "No \ufffd"
    assert PROVIDERS[source].receipt(row).custom_id == "r-1"


def test_one_bad_answer_inside_a_batch_of_gemini_costs_no_other() -> None:
    """The answers lie inside the batch, which is read when it is looked at and when results are fetched."""
    answers = [
        {
            "metadata": {"key": f"k-{number}"},
            "response": ROWS["gemini"]("", ModelAnswer(text=text))["response"],
        }
        for number, text in enumerate(["good \U0001f600", f"cut {MARK}", "caf\u00e9"])
    ]
    body = json.dumps(
        {
            "name": "batches/b",
            "done": True,
            "metadata": {
                "state": "BATCH_STATE_SUCCEEDED",
                "output": {"inlinedResponses": {"inlinedResponses": answers}},
            },
        }
    ).encode()
    for half in HALVES.values():
        batches, endpoint = PROVIDERS["gemini"].batches, endpoint_of("gemini")
        found = end_of(batches.retrieve(endpoint, "batches/b"), body.replace(MARK.encode(), half))
        assert isinstance(found, Batch)
        request = next(batches.results(endpoint, found))
        rows = list(request.extensions[LINES](body.replace(MARK.encode(), half)))
        texts = [read("gemini", "converse", row).text for row in rows]
        assert texts == ["good \U0001f600", "cut \ufffd", "caf\u00e9"]


def test_one_bad_answer_in_a_page_of_xai_costs_no_other() -> None:
    results = [ROWS["xai"](f"k-{number}", ModelAnswer(text=text)) for number, text in enumerate(["a", MARK])]
    body = json.dumps({"results": results}).encode().replace(MARK.encode(), b"\\ud83d")
    batch = Batch(id="b", state="ended", raw_status="", result_files=("b",))
    request = next(PROVIDERS["xai"].batches.results(endpoint_of("xai"), batch))
    rows = list(request.extensions[LINES](body))
    assert [read("xai", "converse", row).text for row in rows] == ["a", "\ufffd"]


def end_of(conversation: Any, body: bytes) -> object:
    next(conversation)
    try:
        conversation.send(httpx.Response(200, content=body))
    except StopIteration as stop:
        return stop.value
    raise AssertionError("asks more")


LINE = {
    **dict.fromkeys(("custom_id", "key", "batch_request_id"), "r-1"),
    **{name: {} for name in ("body", "params", "request")},
    "batch_request": {"chat_get_completion": {}},
}
"""Of any provider."""

DIRECT = {
    "openai": lambda row: row["response"]["body"],
    "mistral": lambda row: row["response"]["body"],
    "anthropic": lambda row: row["result"]["message"],
    "gemini": lambda row: row["response"],
    "fireworks": lambda row: row["response"],
    "xai": lambda row: row["batch_result"]["response"]["chat_get_completion"],
}
"""The response to a single request, in the row that a batch would have."""


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("source", DIRECT)
def test_response_to_a_single_request_is_read_too(source: str, status: int, half: str) -> None:
    direct = PROVIDERS[source].direct
    assert direct is not None
    line = json.dumps(LINE).encode()
    good = DIRECT[source](ROWS[source]("r-1", ModelAnswer(text=f"Hello {MARK}")))
    body = json.dumps(
        good if status == 200 else {"error": {"code": 400, "message": f"Hello {MARK}"}}
    ).encode()
    row = direct.row(line, httpx.Response(status, content=body.replace(MARK.encode(), HALVES[half])))
    assert b"\n" not in row
    row.decode()
    found = outcome(source, "llama", row)
    if status == 200:
        assert isinstance(found, ModelOutput)
        assert json.loads(found.json)["generation"] == "Hello \ufffd"
    else:
        assert isinstance(found, RecordError)
        assert (found.code, found.message) == (400, "Hello \ufffd")
    refused = direct.error(httpx.Response(400, content=body.replace(MARK.encode(), HALVES[half])))
    refused.message.encode()


@given(st.lists(st.sampled_from(["a", "\u00e9", "\U0001f600", "\ud83d", "\ude00", "\\", '"', "\\ud83d"])))
def test_nothing_but_the_halves_is_changed(parts: list[str]) -> None:
    text = "".join(parts)
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert json.loads(replaced(json.dumps(text).encode())) == whole
    assert (
        replaced(json.dumps(whole, ensure_ascii=False).encode())
        == json.dumps(whole, ensure_ascii=False).encode()
    )
