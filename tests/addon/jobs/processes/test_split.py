"""Cutting a job's input into shards and joining the results with it, on real files."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addon.jobs.job_run import shard_of
from addon.jobs.processes.input_reader import BadLine, InputFile, Start, records
from addon.jobs.processes.join import Range, join
from addon.jobs.processes.lines import custom_id
from addon.jobs.processes.result_rows import answered, has_only_foreign_rows
from addon.jobs.processes.split import (
    Cut,
    Limits,
    Plan,
    Request,
    record_index,
    split,
    unanswered_lines,
)
from addon.jobs.publication import overlaps
from addon.jobs.spool import Spool
from translators.bedrock.records import read
from translators.errors import RecordError
from translators.translation import Route

JOB = "abcdefghij12"
ROUTE = Route(
    model_id="anthropic.claude-3-haiku-20240307-v1:0",
    invocation_type="Converse",
    provider="openai",
    model="gpt-5.4-mini",
)
NO_LIMITS = Limits(requests=1_000, bytes=1_000_000)
VIDEO = {"video": {"format": "mp4", "source": {"bytes": "AAAA"}}}


def record(text: str, **members: Any) -> dict[str, Any]:
    return {"modelInput": {"messages": [{"role": "user", "content": [{"text": text}]}]}, **members}


def refused(**members: Any) -> dict[str, Any]:
    return {"modelInput": {"messages": [{"role": "user", "content": [VIDEO, {"text": "?"}]}]}, **members}


def written(folder: Path, *objects: list[Any]) -> tuple[InputFile, ...]:
    files = []
    for number, lines in enumerate(objects):
        path = folder / f"in-{number}.jsonl"
        path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
        files.append(InputFile(path, f"s3://in/{number}.jsonl"))
    return tuple(files)


def row(index: int, text: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    body = {
        "id": f"chatcmpl-{index}",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-5.4-mini",
        "choices": [choice],
        "usage": usage,
    }
    return {
        "id": f"batch_req_{index}",
        "custom_id": custom_id(JOB, index),
        "response": {"status_code": 200, "request_id": "r", "body": body},
        "error": None,
    }


def expired(index: int) -> dict[str, Any]:
    error = {"code": "batch_expired", "message": "This request could not be executed in time."}
    return {"id": "x", "custom_id": custom_id(JOB, index), "response": None, "error": error}


def results(folder: Path, name: str, rows: list[Any]) -> Path:
    path = folder / name
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in rows))
    return path


def joined(
    folder: Path,
    inputs: tuple[InputFile, ...],
    cut: Cut,
    files: tuple[Path, ...],
    unprocessed: RecordError | None = None,
) -> tuple[Any, list[dict[str, Any]]]:
    tally = join(
        Range(
            job_id=JOB,
            number=0,
            cut=cut,
            route=ROUTE,
            inputs=inputs,
            results=files,
            folder=folder,
            max_bytes=1_000_000,
            unprocessed=unprocessed,
        )
    )
    parts = sorted(folder.glob("output/*/*.jsonl"))
    return tally, [json.loads(line) for part in parts for line in part.read_text().splitlines()]


def texts(rows: list[dict[str, Any]]) -> list[str]:
    return [one["modelOutput"]["output"]["message"]["content"][0]["text"] for one in rows]


def lines(folder: Path, shard: int) -> list[dict[str, Any]]:
    path = Spool(folder).lines(shard, 0)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def test_shards_keep_within_the_number_of_requests(tmp_path: Path) -> None:
    inputs = written(tmp_path, [record(str(number)) for number in range(7)])
    plan = split(JOB, inputs, ROUTE, Limits(requests=3, bytes=1_000_000), tmp_path)
    assert [(cut.start.record, cut.records) for cut in plan.cuts] == [(0, 3), (3, 3), (6, 1)]
    assert [line["custom_id"] for line in lines(tmp_path, 1)] == [
        custom_id(JOB, index) for index in (3, 4, 5)
    ]


def test_records_of_several_inputs_weigh_as_many_requests(tmp_path: Path) -> None:
    asked = [["a"], ["b", "c"], ["d", "e"], ["f", "g", "h", "i"], ["j"]]
    bodies = [{"modelInput": {"input_type": "clustering", "texts": texts}} for texts in asked]
    route = Route(
        model_id="cohere.embed-english-v3",
        invocation_type="InvokeModel",
        provider="openai",
        model="text-embedding-3-small",
    )
    plan = split(JOB, written(tmp_path, bodies), route, Limits(requests=3, bytes=1_000_000), tmp_path)
    assert [(cut.start.record, cut.records, cut.group) for cut in plan.cuts] == [
        (0, 2, "/v1/embeddings"),
        (2, 1, "/v1/embeddings"),
        (3, 1, "/v1/embeddings"),
        (4, 1, "/v1/embeddings"),
    ]


def test_shards_keep_within_the_number_of_bytes(tmp_path: Path) -> None:
    inputs = written(tmp_path, [record("x" * 200) for _ in range(6)])
    plan = split(JOB, inputs, ROUTE, Limits(requests=100, bytes=900), tmp_path)
    sizes = [Spool(tmp_path).lines(number, 0).stat().st_size for number in range(len(plan.cuts))]
    assert all(size <= 900 for size in sizes)
    assert sum(cut.records for cut in plan.cuts) == 6


def test_a_shard_spans_objects_and_knows_where_it_begins(tmp_path: Path) -> None:
    inputs = written(tmp_path, [record("a"), "", record("b")], [record("c")], [record("d"), record("e")])
    plan = split(JOB, inputs, ROUTE, Limits(requests=2, bytes=1_000_000), tmp_path)
    assert plan.counts == [2, 1, 2]
    assert [(cut.start.object, cut.start.line_number) for cut in plan.cuts] == [(0, 1), (1, 1), (2, 2)]
    again = [found.record for found in records(inputs, read, plan.cuts[2].start)]
    assert [json.loads(bytes(found.model_input)) for found in again] == [record("e")["modelInput"]]


def test_a_line_that_is_no_record_is_named_by_object_and_line(tmp_path: Path) -> None:
    inputs = written(tmp_path, [record("a")], [record("b"), '{"recordId":"x"}'])
    with pytest.raises(BadLine, match=r"s3://in/1\.jsonl, line 2: .*modelInput"):
        split(JOB, inputs, ROUTE, NO_LIMITS, tmp_path)


def test_a_record_that_cannot_be_translated_is_counted_but_not_sent(tmp_path: Path) -> None:
    inputs = written(tmp_path, [record("a"), refused(), record("b")])
    plan = split(JOB, inputs, ROUTE, NO_LIMITS, tmp_path)
    assert [(cut.records, cut.lines) for cut in plan.cuts] == [(3, 2)]
    assert [record_index(line["custom_id"], JOB) for line in lines(tmp_path, 0)] == [0, 2]


def test_a_record_larger_than_a_batch_is_an_error_row_with_both_numbers(tmp_path: Path) -> None:
    inputs = written(tmp_path, [record("x" * 2_000_000), record("b")])
    plan = split(JOB, inputs, ROUTE, NO_LIMITS, tmp_path)
    (cut,) = plan.cuts
    assert cut.lines == 1
    file = results(tmp_path, "out", [row(1, "B")])
    tally, rows = joined(tmp_path, inputs, cut, (file,))
    assert (tally.succeeded, tally.failed) == (1, 1)
    assert rows[0]["error"]["errorCode"] == 400
    assert "2000" in rows[0]["error"]["errorMessage"]
    assert "1000000" in rows[0]["error"]["errorMessage"]


def test_the_report_counts_what_was_dropped_and_gives_one_example(tmp_path: Path) -> None:
    tuned = [record(str(number), recordId=f"r{number}") for number in range(3)]
    for one in tuned:
        one["modelInput"]["additionalModelRequestFields"] = {"top_k": 5}
    plan = split(JOB, written(tmp_path, tuned), ROUTE, NO_LIMITS, tmp_path)
    (entry,) = [value for name, value in plan.report.items() if "top_k" in name]
    assert entry == {"count": 3, "example": "r0"}


def test_rows_are_in_input_order_whatever_the_results_order(tmp_path: Path) -> None:
    inputs = written(tmp_path, [record(str(number), recordId="same") for number in range(20)])
    plan = split(JOB, inputs, ROUTE, NO_LIMITS, tmp_path)
    shuffled = [row(number, f"answer {number}") for number in range(20)]
    random.Random(1).shuffle(shuffled)
    files = (results(tmp_path, "a", shuffled[:9]), results(tmp_path, "b", shuffled[9:]))
    tally, rows = joined(tmp_path, inputs, plan.cuts[0], files)
    assert texts(rows) == [f"answer {number}" for number in range(20)]
    assert {one["recordId"] for one in rows} == {"same"}
    assert (tally.succeeded, tally.input_tokens, tally.output_tokens) == (20, 60, 40)


def test_doubled_and_unreadable_rows_change_nothing(tmp_path: Path) -> None:
    inputs = written(tmp_path, [record("a"), record("b")])
    plan = split(JOB, inputs, ROUTE, NO_LIMITS, tmp_path)
    noise = ["not json", '"text"', "", json.dumps({"custom_id": "of-somebody-else"})]
    file = results(tmp_path, "out", [row(1, "B"), *noise, row(0, "A"), row(0, "again"), expired(1)])
    _, rows = joined(tmp_path, inputs, plan.cuts[0], (file,))
    assert texts(rows) == ["A", "B"]


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path: Path) -> None:
    file = results(tmp_path, "r.jsonl", [f"\ufeff{json.dumps(row(0, 'a'))}", row(1, "b")])
    assert answered((file,), "openai", JOB) == {Request(0), Request(1)}
    assert not has_only_foreign_rows((file,), "openai", JOB, Cut(start=Start(), records=1, lines=1))


def test_a_missing_result_is_an_error_row_or_left_out(tmp_path: Path) -> None:
    inputs = written(tmp_path, [record("a"), record("b"), refused()])
    plan = split(JOB, inputs, ROUTE, NO_LIMITS, tmp_path)
    file = results(tmp_path, "out", [row(1, "B"), expired(0)])
    tally, rows = joined(tmp_path, inputs, plan.cuts[0], (file,), RecordError(500, "no result"))
    assert [one.get("error", {}).get("errorCode") for one in rows] == [500, None, 400]
    assert (tally.succeeded, tally.failed, tally.left_out) == (1, 2, 0)
    tally, rows = joined(tmp_path, inputs, plan.cuts[0], (file,))
    assert [one.get("error", {}).get("errorCode") for one in rows] == [None, 400]
    assert (tally.succeeded, tally.failed, tally.left_out) == (1, 1, 1)


def test_an_object_of_which_nothing_was_processed_still_has_a_part(tmp_path: Path) -> None:
    inputs = written(tmp_path, [record("a")], [record("b")])
    plan = split(JOB, inputs, ROUTE, NO_LIMITS, tmp_path)
    joined(tmp_path, inputs, plan.cuts[0], (results(tmp_path, "out", [row(0, "A")]),))
    assert [Spool(tmp_path).part(index, 0).stat().st_size > 0 for index in (0, 1)] == [True, False]


@pytest.mark.parametrize("depth", [100, 400, 900, 2_000])
@pytest.mark.parametrize("provider", ["gemini", "openai", "anthropic"])
def test_a_schema_of_any_depth_is_at_most_its_records_error(
    tmp_path: Path, depth: int, provider: str
) -> None:
    deep = (
        json.dumps(record("a"))[:-2]
        + ',"toolConfig":{"tools":[{"toolSpec":{"name":"t","inputSchema":{"json":'
    )
    deep += '{"type":"object","properties":{"a":' * depth + "{}" + "}}" * depth + "}}}]}}}"
    inputs = written(tmp_path, [record("a"), deep, record("b")])
    route = replace(ROUTE, provider=provider, model="claude-sonnet-4-5" if provider == "anthropic" else "m")
    plan = split(JOB, inputs, route, NO_LIMITS, tmp_path)
    assert plan.cuts[0].records == 3
    assert plan.cuts[0].lines >= 2


def test_a_row_that_is_nested_too_deeply_is_no_other_records_trouble(tmp_path: Path) -> None:
    inputs = written(tmp_path, [record("a"), record("b")])
    plan = split(JOB, inputs, ROUTE, NO_LIMITS, tmp_path)
    deep = json.dumps(row(0, "x")).replace('"x"', "[" * 100_000 + "]" * 100_000)
    file = results(tmp_path, "out", [deep, row(1, "B")])
    _, rows = joined(tmp_path, inputs, plan.cuts[0], (file,), RecordError(500, "no result"))
    assert texts(rows[1:]) == ["B"]
    assert rows[0]["error"]["errorCode"] >= 500


def test_a_second_round_sends_only_what_has_no_final_answer(tmp_path: Path) -> None:
    inputs = written(tmp_path, [record(str(number)) for number in range(4)] + [refused()])
    plan = split(JOB, inputs, ROUTE, NO_LIMITS, tmp_path)
    first = results(tmp_path, "first", [row(2, "two"), expired(0), expired(1)])
    path = Spool(tmp_path).lines(0, 1)
    done = answered((first,), "openai", JOB)
    assert done == {Request(2)}
    assert unanswered_lines(JOB, inputs, plan.cuts[0], ROUTE, 1_000_000, done, frozenset(), path) == 3
    second = results(tmp_path, "second", [row(3, "three"), row(1, "one"), row(0, "zero")])
    _, rows = joined(tmp_path, inputs, plan.cuts[0], (first, second))
    assert texts(rows[:4]) == ["zero", "one", "two", "three"]


@settings(max_examples=60, deadline=None)
@given(
    objects=st.lists(
        st.lists(st.sampled_from(["ok", "refused", "cut", "deep", "blank", "mark"]), max_size=8),
        min_size=1,
        max_size=6,
    ),
    requests=st.integers(1, 6),
    answers=st.randoms(use_true_random=False),
    crlf=st.booleans(),
)
def test_every_record_in_gives_exactly_one_row_out_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    objects: list[list[str]],
    requests: int,
    answers: random.Random,
    crlf: bool,
) -> None:
    folder = tmp_path_factory.mktemp("job")
    inputs, wanted = _objects(folder, objects, "\r\n" if crlf else "\n")
    plan = split(JOB, inputs, ROUTE, Limits(requests=requests, bytes=1_000_000), folder)
    _join_all(folder, inputs, plan, answers)
    found = [
        [json.loads(line)["recordId"] for part in parts for line in part.read_text().splitlines()]
        for parts in _published_parts(folder, plan)
    ]
    assert found == wanted
    assert sum(cut.records for cut in plan.cuts) == sum(map(len, wanted))


def _published_parts(folder: Path, plan: Plan) -> list[list[Path]]:
    """The parts that each output object is made of; all of them exist."""
    shards = [shard_of(JOB, number, cut, leads=True) for number, cut in enumerate(plan.cuts)]
    ends = list(accumulate(plan.counts))
    return [
        [
            Spool(folder).part(index, shard.number)
            for shard in shards
            if overlaps(shard, end - plan.counts[index], end)
        ]
        for index, end in enumerate(ends)
    ]


def _objects(
    folder: Path, objects: list[list[str]], line_end: str
) -> tuple[tuple[InputFile, ...], list[list[str]]]:
    files, wanted = [], []
    for number, kinds in enumerate(objects):
        path = folder / f"{number}.jsonl"
        found = [(f"{number}-{place}", kind) for place, kind in enumerate(kinds)]
        made: dict[str, Callable[[str], str]] = {
            "ok": lambda name: json.dumps(record("hi", recordId=name)),
            "refused": lambda name: json.dumps(refused(recordId=name)),
            "cut": lambda name: json.dumps(record("half a smile: \ud83d", recordId=name)),
            "deep": lambda name: json.dumps(record("x", recordId=name)).replace(
                '"x"', "[" * 2000 + "]" * 2000
            ),
            "blank": lambda name: "",
            "mark": lambda name: "\ufeff",
        }
        text = [made[kind](name) for name, kind in found]
        path.write_bytes(line_end.join(text).encode())
        files.append(InputFile(path, f"s3://in/{number}.jsonl"))
        wanted.append([name for name, kind in found if kind not in ("blank", "mark")])
    return tuple(files), wanted


def _join_all(folder: Path, inputs: tuple[InputFile, ...], plan: Plan, answers: random.Random) -> None:
    for number, cut in enumerate(plan.cuts):
        sent = [record_index(line["custom_id"], JOB) for line in lines(folder, number)]
        answers.shuffle(sent)
        file = results(folder, f"rows-{number}", [row(index, str(index)) for index in sent])
        join(
            Range(
                job_id=JOB,
                number=number,
                cut=cut,
                route=ROUTE,
                inputs=inputs,
                results=(file,),
                folder=folder,
                max_bytes=1_000_000,
                unprocessed=None,
            )
        )


def test_reading_can_begin_in_the_middle(tmp_path: Path) -> None:
    inputs = written(tmp_path, [record("a"), record("b"), record("c")])
    second = list(records(inputs, read))[1]
    start = Start(record=1, object=0, offset=second.offset, line_number=second.line_number)
    assert [found.index for found in records(inputs, read, start)] == [1, 2]
