import orjson

from addon.web.dashboard.documents import LONG, MOST_BYTES, MOST_LINES, RAW, SHORT, pretty


def test_members_and_elements_are_lines_and_prompts_are_blocks() -> None:
    value = {
        "max_tokens": 5,
        "stream": False,
        "stop": None,
        "tools": [],
        "messages": [{"content": "Hi,\nyou."}],
    }
    made = pretty(orjson.dumps(value))
    assert [(line.depth, line.key, line.kind, line.text) for line in made.lines] == [
        (0, "max_tokens", "number", "5"),
        (0, "stream", "word", "false"),
        (0, "stop", "word", "null"),
        (0, "tools", "word", "[]"),
        (0, "messages", "open", "1"),
        (1, "[0]", "open", ""),
        (2, "content", "text", "Hi,\nyou."),
    ]
    assert [line.is_block for line in made.lines] == [False] * 6 + [True]
    assert (made.raw, made.why) == (None, None)


def test_a_long_text_is_cut_and_the_rest_is_at_hand() -> None:
    (line,) = pretty(orjson.dumps({"text": "x" * 100_000})).lines
    assert (len(line.text), len(line.text) + len(line.rest)) == (SHORT, LONG)
    assert line.missing == 100_000 - LONG


def test_what_is_too_much_is_cut_with_the_reason() -> None:
    many = pretty(orjson.dumps(list(range(MOST_LINES + 5))))
    assert len(many.lines) == MOST_LINES
    assert many.why is not None
    large = pretty(b'"' + b"x" * MOST_BYTES + b'"')
    assert large.raw == '"' + "x" * (RAW - 1)
    assert large.why is not None
    for rubbish in (b"\xff\xfe", b"{", b"<html>"):
        assert pretty(rubbish).why == "This is no JSON."
    deep = pretty(b"[" * 200 + b"1" + b"]" * 200)
    assert max(line.depth for line in deep.lines) == 24
