import json
from pathlib import Path

import pytest

from addon.jobs.processes.provider_file_lines import labelled, records_of


def test_lines_become_records_in_their_order(tmp_path: Path) -> None:
    fetched = tmp_path / "fetched.jsonl"
    fetched.write_bytes(
        b'\xef\xbb\xbf{"custom_id":"b","method":"POST","url":"/v1/x","body":{"temperature": 0.0}}\n\n'
        b'{"body":{"x":"\xc3\xa4"},"custom_id":"a"}'
    )
    assert records_of([fetched], tmp_path / "records.jsonl") == 2
    assert (tmp_path / "records.jsonl").read_bytes().splitlines() == [
        b'{"recordId":"b","modelInput":{"temperature": 0.0}}',
        b'{"recordId":"a","modelInput":{"x":"\xc3\xa4"}}',
    ]


def test_a_line_that_is_nested_too_deeply_is_a_record_among_the_others(tmp_path: Path) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    (tmp_path / "fetched.jsonl").write_bytes(
        b'{"custom_id":"a","body":{"x":%b}}\n{"custom_id":"b","body":{}}\n' % deep
    )
    assert records_of([tmp_path / "fetched.jsonl"], tmp_path / "records.jsonl") == 2
    (tmp_path / "results.jsonl").write_bytes(b'{"custom_id":"b","n":1}\n{"custom_id":"a","n":2}\n')
    labelled([tmp_path / "results.jsonl"], tmp_path / "records.jsonl", "abcdefghij12")
    rows = [json.loads(row) for row in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert [row["custom_id"] for row in rows] == ["abcdefghij12-1", "abcdefghij12-0"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"custom_id":"a","body":{}}\nno JSON\n', "line 2: "),
        (b'{"body":{}}\n', "line 1: .*custom_id"),
        (b"\n", "there is no line in it"),
    ],
)
def test_a_file_that_is_none_of_requests_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "fetched.jsonl").write_bytes(content)
    with pytest.raises(ValueError, match=words):
        records_of([tmp_path / "fetched.jsonl"], tmp_path / "records.jsonl")
    assert not (tmp_path / "records.jsonl").exists()


def test_rows_are_labelled_with_the_places_of_their_lines_once(tmp_path: Path) -> None:
    records, results = tmp_path / "records.jsonl", tmp_path / "results.jsonl"
    records.write_text('{"recordId":"b","modelInput":{}}\n{"recordId":"a","modelInput":{}}\n')
    rows: list[dict[str, object]] = [
        {"id": "1", "custom_id": "a", "response": {"x": [1.0]}},
        {"custom_id": "b"},
        {"custom_id": "c"},
        {},
    ]
    results.write_text("".join(json.dumps(row) + "\n" for row in rows) + "no JSON")
    for _ in range(2):
        labelled([results], records, "k3v9x0q2m7ab")
        *read, last = results.read_text().split("\n")
        assert last == "no JSON"
        assert [json.loads(row) for row in read] == [
            {**rows[0], "custom_id": "k3v9x0q2m7ab-1"},
            {"custom_id": "k3v9x0q2m7ab-0"},
            *rows[2:],
        ]
