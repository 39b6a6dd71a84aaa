import pytest

from addon.cli.visible_text import visible, visible_line


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("bell\x07 nul\x00 delete\x7f csi\x9b", r"bell\x07 nul\x00 delete\x7f csi\x9b"),
        ("over\rwritten", r"over\x0dwritten"),
        ("\u202agpj.\u202eexe\u202c", r"\u202agpj.\u202eexe\u202c"),
        ("\u2066a\u2067b\u2068c\u2069", r"\u2066a\u2067b\u2068c\u2069"),
        ("\u200ea\u200fb\u061cc", r"\u200ea\u200fb\u061cc"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("half \ud83d", r"half \ud83d"),
        ("line\u2028end\u0085", r"line\u2028end\x85"),
        ("grüße 日本 שלום 🚀 […]", "grüße 日本 שלום 🚀 […]"),
    ],
)
def test_what_could_change_a_terminal_is_escaped(hostile: str, shown: str) -> None:
    assert visible(hostile) == visible_line(hostile) == shown


def test_line_ends_stay_where_lines_are_wanted() -> None:
    assert visible("one\ntwo\x1b") == "one\ntwo\\x1b"
    assert visible_line("one\ntwo\x1b") == r"one\x0atwo\x1b"
