"""The demo notices results that are wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from addon.demo.check import manifest_file, problems
from addon.demo.records import claude_records, converse_records

type Rows = list[dict[str, Any]]

RECORDS = claude_records(8)


def rows() -> Rows:
    good = [{**record, "modelOutput": {}} for record in RECORDS[:-1]]
    return [*good, {**RECORDS[-1], "error": {"errorCode": 400, "errorMessage": "no"}}]


def results(folder: Path, output: Rows, **counts: int) -> Path:
    file = folder / "claude.jsonl"
    file.with_name("claude.jsonl.out").write_text("".join(f"{json.dumps(row)}\n" for row in output))
    names = ("totalRecordCount", "processedRecordCount", "successRecordCount", "errorRecordCount")
    manifest_file(file).write_text(json.dumps(dict(zip(names, (8, 8, 7, 1), strict=True)) | counts))
    return file


def test_good_results_have_no_problems(tmp_path: Path) -> None:
    assert problems(results(tmp_path, rows()), RECORDS) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda output: output[:-1],
        lambda output: [output[1], output[0], *output[2:]],
        lambda output: [*output, output[0]],
        lambda output: [{**output[0], "modelInput": {}}, *output[1:]],
        lambda output: [{**output[0], "error": {}}, *output[1:]],
        lambda output: [*output[:-1], {**RECORDS[-1], "modelOutput": {}}],
    ],
    ids=["missing", "order", "twice", "other-input", "both", "no-failure"],
)
def test_wrong_rows_are_noticed(tmp_path: Path, spoil: Callable[[Rows], Rows]) -> None:
    assert len(problems(results(tmp_path, spoil(rows())), RECORDS)) == 1


def test_wrong_counts_are_noticed(tmp_path: Path) -> None:
    (problem,) = problems(results(tmp_path, rows(), errorRecordCount=0), RECORDS)
    assert "manifest" in problem


def test_the_records_have_ids_of_their_own_and_every_shape() -> None:
    made = [*claude_records(96), *converse_records(36)]
    assert len({record["recordId"] for record in made}) == len(made) == 132
    shapes = {record["recordId"].rpartition("-")[0] for record in made}
    assert shapes >= {
        "text",
        "system",
        "multi-turn",
        "image",
        "tool-use",
        "tool-result",
        "failing",
        "converse",
    }
