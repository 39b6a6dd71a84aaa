"""`bedrock-batch translate --results`: provider rows become Bedrock's output."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.addon.cli.test_translate import a_record, translate, written

COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-5.4-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Ho"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
}

NOBODYS = ("request-one", "request-²", "request-+1", "request-", "7", "-7", f"request-{'9' * 5000}")
"""Custom ids that say no record of a job."""


def a_row(custom_id: str, body: Mapping[str, object] = COMPLETION, status: int = 200) -> str:
    response = {"status_code": status, "request_id": "r", "body": body}
    return json.dumps({"id": "b", "custom_id": custom_id, "response": response, "error": None})


def test_rows_in_any_order_and_file_answer_the_records_in_theirs(tmp_path: Path) -> None:
    source = written(tmp_path, [a_record("A"), a_record("B"), a_record("C"), a_record("D", metadata=1)])
    one = written(tmp_path, [a_row("k3v9x0q2m7ab-1")], "one.jsonl")
    failed = a_row("k3v9x0q2m7ab-0", {"error": {"message": "too long"}}, 400)
    two = written(tmp_path, [failed], "two.jsonl")
    done = translate(
        tmp_path, str(source), "--results", str(one), "--results", str(two), "--out", "out.jsonl"
    )
    assert done.returncode == 0
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["recordId"] for row in rows] == ["A", "B", "C", "D"]
    assert rows[0]["error"] == {"errorCode": 400, "errorMessage": "too long"}
    assert rows[1]["modelOutput"]["content"] == [{"type": "text", "text": "Ho"}]
    assert rows[2]["error"]["errorCode"] == 500
    assert rows[3]["error"]["errorMessage"].startswith("metadata: ")
    assert done.stderr == "4 records: 1 answered, 3 failed; 3 tokens in, 4 out\n"


def test_words_of_a_server_s_own_are_counted_and_the_text_comes_home(tmp_path: Path) -> None:
    choice = COMPLETION["choices"][0]
    bodies = [
        {**COMPLETION, "choices": [{**choice, "finish_reason": word}]} for word in ("eos", "zzz", "zzz")
    ]
    rows = [a_row(f"k3v9x0q2m7ab-{number}", body) for number, body in enumerate(bodies)]
    results = written(tmp_path, rows, "results.jsonl")
    records = "\n".join(map(a_record, "ABC"))
    done = translate(tmp_path, "--results", str(results), stdin=records)
    assert [json.loads(line)["modelOutput"]["stop_reason"] for line in done.stdout.splitlines()] == [
        "end_turn"
    ] * 3
    assert done.stderr.splitlines()[0] == "mapped finish_reason ('zzz' read as end_turn): 2 records, one is B"


def test_input_may_come_from_a_pipe_and_output_go_into_one(tmp_path: Path) -> None:
    results = written(tmp_path, [a_row("k3v9x0q2m7ab-0")], "results.jsonl")
    done = translate(tmp_path, "--results", str(results), stdin=a_record("A"))
    assert json.loads(done.stdout)["modelOutput"]["usage"]["output_tokens"] == 4


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path: Path) -> None:
    rows = [f"\ufeff{a_row('k3v9x0q2m7ab-0')}", a_row("k3v9x0q2m7ab-1")]
    results = written(tmp_path, rows, "results.jsonl")
    done = translate(tmp_path, "--results", str(results), stdin=f"{a_record('A')}\n{a_record('B')}")
    assert done.stderr == "2 records: 2 answered, 0 failed; 6 tokens in, 8 out\n"
    assert [json.loads(line)["modelOutput"]["content"][0]["text"] for line in done.stdout.splitlines()] == [
        "Ho",
        "Ho",
    ]


def test_rows_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    rows = ["{", *map(a_row, NOBODYS), a_row("k3v9x0q2m7ab-0")]
    results = written(tmp_path, rows, "results.jsonl")
    done = translate(tmp_path, "--results", "results.jsonl", stdin=a_record("A"))
    assert results.exists()
    first, *others, _ = done.stderr.splitlines()
    assert first.startswith("results.jsonl, line 1, is left out: ")
    assert others == [
        f"results.jsonl, line {number}, is left out: its custom_id {custom_id!r} is none of this job's"
        for number, custom_id in enumerate(NOBODYS, 2)
    ]
    assert json.loads(done.stdout)["modelOutput"]


def test_rows_beyond_the_input_are_counted(tmp_path: Path) -> None:
    written(tmp_path, [a_row(f"k3v9x0q2m7ab-{index}") for index in (0, 1, 2, 10**30)], "results.jsonl")
    done = translate(tmp_path, "--results", "results.jsonl", stdin=f"{a_record('A')}\n{a_record('B')}")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "left out: 2 rows with a custom_id beyond the input, which has 2 records",
        "2 records: 2 answered, 0 failed; 6 tokens in, 8 out",
    ]


def test_what_cannot_be_read_more_than_once_is_refused(tmp_path: Path) -> None:
    """A file descriptor of ours, as a shell's `<(…)` gives one, is no other than a pipe with a name."""
    source, results = written(tmp_path, [a_record("A")]), written(tmp_path, [a_row("j-0")], "results.jsonl")
    os.mkfifo(tmp_path / "pipe")
    for arguments, name in (
        ([str(source), "--results", "pipe"], "pipe"),
        ([str(source), "--results", str(results), "--results", "-"], "standard input"),
        (["pipe", "--results", str(results)], "pipe"),
        ([str(source), "--results", str(tmp_path)], str(tmp_path)),
    ):
        done = translate(tmp_path, *arguments, stdin=a_row("j-0"))
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"bedrock-batch: {name} is no regular file, and --results reads more than once: "
            "save it as a file and name that\n"
        )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([a_row("k3v9x0q2m7ab-0"), a_row("another0job0-0")], "the results are of 2 jobs: another0job0, k3v"),
        ([], "there is no row of a batch in the results"),
    ],
)
def test_results_that_belong_to_no_single_job_are_refused(tmp_path: Path, rows: list[str], said: str) -> None:
    written(tmp_path, rows, "results.jsonl")
    done = translate(tmp_path, "--results", "results.jsonl", stdin=a_record("A"))
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


@pytest.mark.parametrize(
    ("stdin", "said"),
    [("\n", "standard input holds no record"), ("{", "standard input, line 1: is not JSON")],
)
def test_an_input_that_would_fail_the_job_fails_this(tmp_path: Path, stdin: str, said: str) -> None:
    written(tmp_path, [a_row("k3v9x0q2m7ab-0")], "results.jsonl")
    done = translate(tmp_path, "--results", "results.jsonl", stdin=stdin)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


def test_a_record_of_several_lines_comes_home_as_one(tmp_path: Path) -> None:
    body = {"input_type": "search_document", "texts": list("abc"), "embedding_types": ["float"]}
    source = written(tmp_path, [json.dumps({"recordId": "R", "modelInput": body})])
    (tmp_path / "bedrock-batch.toml").write_text(
        '[providers.gemini.models]\n"cohere.embed-v4*" = "gemini-embedding-2"\n', encoding="utf-8"
    )
    embed = {"model": "cohere.embed-v4:0", "to": "gemini"}
    sent = translate(tmp_path, str(source), **embed)
    assert sent.stderr.endswith("1 record: 3 lines for gemini, gemini-embedding-2\n")
    keys = [json.loads(line)["key"] for line in sent.stdout.splitlines()]
    vectors = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]
    rows = [
        json.dumps({"key": key, "response": {"embedding": {"values": vector}}})
        for key, vector in zip(keys, vectors, strict=True)
    ]
    results = written(tmp_path, reversed(rows), "results.jsonl")
    done = translate(tmp_path, str(source), "--results", str(results), **embed)
    assert done.stderr.startswith("1 record: 1 answered, 0 failed")
    (row,) = done.stdout.splitlines()
    assert json.loads(row)["modelOutput"]["embeddings"]["float"] == vectors
    short = written(tmp_path, rows[:2], "short.jsonl")
    (row,) = translate(tmp_path, str(source), "--results", str(short), **embed).stdout.splitlines()
    assert json.loads(row)["error"]["errorCode"] == 500
