"""Records that are several lines of one shard and come home as one record."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addon.jobs.processes.input_reader import InputFile
from addon.jobs.processes.join import Range, Tally, join
from addon.jobs.processes.result_rows import answered, failed_for_now
from addon.jobs.processes.split import Limits, Plan, Request, request_of, split, unanswered_lines
from addon.jobs.spool import Spool
from tests.translators.dialect_bodies import PNG
from translators.errors import RecordError
from translators.translation import Route

JOB = "abcdefghij12"
ROUTE = Route(
    model_id="cohere.embed-v4:0",
    invocation_type="InvokeModel",
    provider="gemini",
    model="gemini-embedding-2",
)
NO_LIMITS = Limits(requests=1_000, bytes=1_000_000)
NO_RESULT = RecordError(500, "no result")


def texts(*given: str) -> dict[str, Any]:
    return {"input_type": "search_document", "texts": list(given), "embedding_types": ["float"]}


def image_url() -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}


def written(folder: Path, *bodies: dict[str, Any]) -> tuple[InputFile, ...]:
    path = folder / "in.jsonl"
    path.write_text(
        "\n".join(json.dumps({"recordId": f"r{n}", "modelInput": b}) for n, b in enumerate(bodies))
    )
    return (InputFile(path, "s3://in/in.jsonl"),)


def lines(folder: Path, shard: int = 0, round_: int = 0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Spool(folder).lines(shard, round_).read_text().splitlines()]


def row(key: str, vector: list[float]) -> dict[str, Any]:
    return {"key": key, "response": {"tokenCount": "3", "embedding": {"values": vector}}}


def failure(key: str, code: int) -> dict[str, Any]:
    return {"key": key, "error": {"code": code, "message": f"code {code}"}}


def results(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


def joined(
    folder: Path,
    inputs: tuple[InputFile, ...],
    plan: Plan,
    *files: Path,
    number: int = 0,
    route: Route = ROUTE,
) -> tuple[Tally, list[dict[str, Any]]]:
    tally = join(
        Range(
            job_id=JOB,
            number=number,
            cut=plan.cuts[number],
            route=route,
            inputs=inputs,
            results=files,
            folder=folder,
            max_bytes=1_000_000,
            unprocessed=NO_RESULT,
        )
    )
    part = Spool(folder).part(0, number).read_text()
    return tally, [json.loads(line) for line in part.splitlines()]


def vectors(output: dict[str, Any]) -> list[list[float]]:
    found: list[list[float]] = output["modelOutput"]["embeddings"]["float"]
    return found


def test_the_texts_of_a_record_are_lines_of_their_own_and_one_answer(tmp_path: Path) -> None:
    inputs = written(tmp_path, texts("a"), texts("b", "c", "d"), texts("e"))
    plan = split(JOB, inputs, ROUTE, NO_LIMITS, tmp_path)
    assert [(cut.records, cut.lines) for cut in plan.cuts] == [(3, 5)]
    keys = [line["key"] for line in lines(tmp_path)]
    assert keys == [f"{JOB}-0", *(f"{JOB}-1_{part}_3" for part in range(3)), f"{JOB}-2"]
    asked = [line["request"]["content"]["parts"][0]["text"] for line in lines(tmp_path)]
    assert asked == ["a", "b", "c", "d", "e"]
    answers = [row(key, [1.0, 0.0] if number % 2 else [0.0, 1.0]) for number, key in enumerate(keys)]
    random.Random(3).shuffle(answers)
    tally, rows = joined(tmp_path, inputs, plan, results(tmp_path, "out", answers))
    assert (tally.succeeded, tally.failed, tally.input_tokens) == (3, 0, 15)
    assert [vectors(one) for one in rows] == [[[0, 1]], [[1, 0], [0, 1], [1, 0]], [[0, 1]]]
    assert rows[1]["modelOutput"]["texts"] == ["b", "c", "d"]


def test_images_and_mixed_inputs_fan_out_too(tmp_path: Path) -> None:
    images = {"input_type": "search_document", "images": [f"data:image/png;base64,{PNG}"] * 2}
    both = {"content": [{"type": "text", "text": "a cat"}, image_url()]}
    mixed = {"input_type": "search_document", "inputs": [both, {"content": [image_url()]}]}
    inputs = written(tmp_path, images, mixed)
    plan = split(JOB, inputs, ROUTE, NO_LIMITS, tmp_path)
    assert plan.cuts[0].lines == 4
    assert [len(line["request"]["content"]["parts"]) for line in lines(tmp_path)] == [1, 1, 2, 1]
    file = results(tmp_path, "out", [row(line["key"], [1.0]) for line in lines(tmp_path)])
    _, rows = joined(tmp_path, inputs, plan, file)
    assert [len(vectors(one)) for one in rows] == [2, 2]


def test_an_input_that_cannot_be_embedded_is_named_by_its_place(tmp_path: Path) -> None:
    mixed = {"input_type": "search_document", "inputs": [{"content": [{"type": "text", "text": "a"}]}]}
    mixed["inputs"] += [{"content": [image_url()]}]  # type: ignore[operator]
    inputs = written(tmp_path, mixed)
    route = Route(
        model_id=ROUTE.model_id,
        invocation_type="InvokeModel",
        provider="gemini",
        model="gemini-embedding-001",
    )
    plan = split(JOB, inputs, route, NO_LIMITS, tmp_path)
    assert plan.cuts[0].lines == 0
    _, (only,) = joined(tmp_path, inputs, plan, route=route)
    assert only["error"]["errorMessage"].startswith("inputs[1][0]: is an image")


def test_the_lines_of_a_record_stay_in_one_shard_and_limits_count_lines(tmp_path: Path) -> None:
    inputs = written(tmp_path, texts("a", "b"), texts("c", "d"), texts("e"), texts("f", "g", "h"))
    plan = split(JOB, inputs, ROUTE, Limits(requests=3, bytes=1_000_000), tmp_path)
    assert [(cut.start.record, cut.records, cut.lines) for cut in plan.cuts] == [
        (0, 1, 2),
        (1, 2, 3),
        (3, 1, 3),
    ]


@pytest.mark.parametrize("code", [3, 5])
def test_a_record_with_one_failed_part_is_one_error(tmp_path: Path, code: int) -> None:
    inputs = written(tmp_path, texts("a", "b", "c"), texts("d"))
    plan = split(JOB, inputs, ROUTE, NO_LIMITS, tmp_path)
    first, second, _, other = (line["key"] for line in lines(tmp_path))
    file = results(tmp_path, "out", [row(first, [1.0]), failure(second, code), row(other, [1.0])])
    tally, rows = joined(tmp_path, inputs, plan, file)
    assert (tally.succeeded, tally.failed) == (1, 1)
    assert rows[0]["error"]["errorMessage"] == f"code {code}"
    assert answered((file,), "gemini", JOB) == {*(Request(0, part, 3) for part in range(3)), Request(1)}


def test_a_record_without_all_of_its_parts_has_no_result(tmp_path: Path) -> None:
    inputs = written(tmp_path, texts("a", "b"))
    plan = split(JOB, inputs, ROUTE, NO_LIMITS, tmp_path)
    file = results(tmp_path, "out", [row(f"{JOB}-0_1_2", [1.0])])
    _, (only,) = joined(tmp_path, inputs, plan, file)
    assert only["error"]["errorMessage"] == NO_RESULT.message


def test_a_second_round_sends_only_the_parts_that_have_no_answer(tmp_path: Path) -> None:
    inputs = written(tmp_path, texts("a", "b", "c"), texts("d", "e"), texts("f", "g"))
    plan = split(JOB, inputs, ROUTE, NO_LIMITS, tmp_path)
    keys = [line["key"] for line in lines(tmp_path)]
    first = results(
        tmp_path,
        "first",
        [
            row(keys[0], [1.0]),
            failure(keys[1], 14),
            row(keys[2], [1.0]),
            row(keys[3], [1.0]),
            row(keys[4], [1.0]),
        ],
    )
    assert failed_for_now((first,), "gemini", JOB) == 1
    done = answered((first,), "gemini", JOB)
    path = Spool(tmp_path).lines(0, 1)
    count = unanswered_lines(JOB, inputs, plan.cuts[0], ROUTE, 1_000_000, done, frozenset({2}), path)
    assert (count, [line["key"] for line in lines(tmp_path, 0, 1)]) == (1, [keys[1]])
    second = results(tmp_path, "second", [row(keys[1], [1.0])])
    tally, _ = joined(tmp_path, inputs, plan, first, second)
    assert (tally.succeeded, tally.failed) == (2, 1)


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(1, 7), min_size=1, max_size=8),
    requests=st.integers(1, 12),
    chance=st.randoms(use_true_random=False),
)
def test_every_input_of_every_record_comes_home_in_its_place(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], requests: int, chance: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("job")
    bodies = [texts(*(f"{number}.{at}" for at in range(count))) for number, count in enumerate(counts)]
    inputs = written(folder, *bodies)
    plan = split(JOB, inputs, ROUTE, Limits(requests=requests, bytes=1_000_000), folder)
    found: list[list[list[float]]] = []
    for number in range(len(plan.cuts)):
        rows = []
        for line in lines(folder, number):
            record, at = map(int, line["request"]["content"]["parts"][0]["text"].split("."))
            rows.append(row(line["key"], [float(record), float(at + 1)]))
        chance.shuffle(rows)
        tally, out = joined(folder, inputs, plan, results(folder, f"rows-{number}", rows), number=number)
        assert tally.failed == 0
        found += [vectors(one) for one in out]
    ratios = [[round(vector[0] / vector[1] * 840) for vector in one] for one in found]
    assert ratios == [[round(n / (at + 1) * 840) for at in range(count)] for n, count in enumerate(counts)]


@pytest.mark.parametrize(
    "custom_id", ["x", f"{JOB}-1_2", f"{JOB}-1_2_2", f"{JOB}-1_0_1_1", f"{JOB}-_0_1", "-1"]
)
def test_other_ids_belong_to_no_line(custom_id: str) -> None:
    with pytest.raises(ValueError, match="custom_id"):
        request_of(custom_id, JOB)
