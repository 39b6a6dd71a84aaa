"""An input in blocks of any size, made by several workers, gives the files and the plan of a single block."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, override

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from addon.jobs.processes import input_reader, lines
from addon.jobs.processes.input_reader import BadLine, InputFile
from addon.jobs.processes.join import Range, join
from addon.jobs.processes.pool import HERE, Workers
from addon.jobs.processes.split import Limits, Plan, split
from translators.bedrock.records import AnyRecord
from translators.errors import RecordError
from translators.providers.batch_file import Line
from translators.translation import Route, Translator

JOB = "abcdefghij12"
LONGEST = 700
CHAT = Route(
    model_id="anthropic.claude-3-haiku-20240307-v1:0",
    invocation_type="Converse",
    provider="openai",
    model="gpt-5.4-mini",
)
EMBEDDINGS = Route(
    model_id="cohere.embed-v4:0",
    invocation_type="InvokeModel",
    provider="gemini",
    model="gemini-embedding-2",
)
LINES_OF_ANY_ROUTE = {
    "blank": "",
    "spaces": " \t",
    "mark": "\ufeff",
    "long": json.dumps({"recordId": "long", "modelInput": {"prompt": "x" * LONGEST}}),
    "no body": json.dumps({"modelInput": {}}),
    "no record": "[]",
}


def embedding(texts: int) -> str:
    body = {"input_type": "search_document", "texts": ["x"] * texts, "embedding_types": ["float"]}
    return json.dumps({"modelInput": body})


def chat(text: str, **members: Any) -> str:
    body = {"messages": [{"role": "user", "content": [{"text": text}]}], **members}
    return json.dumps({"recordId": text, "modelInput": body})


CHAT_LINES = {
    "chat": chat("a"),
    "noted": chat("b", additionalModelRequestFields={"top_k": 5}),
    "grouped": chat("of another group"),
    "larger": chat("c" * 200),
    **LINES_OF_ANY_ROUTE,
}
EMBEDDING_LINES = {"one": embedding(1), "three": embedding(3), **LINES_OF_ANY_ROUTE}


class GroupingTranslator(Translator):
    """Has some records sent in a batch of their own."""

    @override
    def line(self, custom_id: str, record: AnyRecord) -> Line | RecordError:
        line = super().line(custom_id, record)
        if isinstance(line, Line) and b"of another group" in line.data:
            return structs.replace(line, group="another")
        return line


def all_but(lines_of_route: dict[str, str], name: str) -> dict[str, str]:
    return {other: line for other, line in lines_of_route.items() if other != name}


def objects_of(given_lines: dict[str, str]) -> st.SearchStrategy[list[bytes]]:
    """Input objects of such lines; the one that fails a job is rare, and some do not end with a line end."""
    usual = [name for name in given_lines if name != "no record"]
    kinds = st.sampled_from([*usual * 8, *given_lines])
    return st.lists(
        st.builds(
            lambda names, end, last: end.join([*(given_lines[name] for name in names), last]).encode(),
            st.lists(kinds, max_size=10),
            st.sampled_from(["\n", "\r\n"]),
            st.sampled_from(["", given_lines[usual[0]]]),
        ),
        min_size=1,
        max_size=4,
    )


def written(folder: Path, objects: list[bytes]) -> list[InputFile]:
    files = []
    for number, content in enumerate(objects):
        path = folder / f"{number}.jsonl"
        path.write_bytes(content)
        files.append(InputFile(path, f"s3://in/{number}.jsonl"))
    return files


def outcome(
    folder: Path, objects: list[bytes], route: Route, limits: Limits, workers: Workers, size: int
) -> tuple[Plan | str, dict[str, bytes]]:
    """The plan or the error, and the content of all files of a plan."""
    folder.mkdir()
    files = written(folder, objects)
    try:
        plan = split(JOB, files, route, limits, folder / "job", workers=workers, size=size)
    except BadLine as error:
        return str(error), {}
    made = (folder / "job").rglob("*")
    return plan, {str(path.relative_to(folder)): path.read_bytes() for path in made if path.is_file()}


def row(index: int, text: str, status: int = 200) -> bytes:
    """A result row for a record of a chat."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    body = {"id": "x", "choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
    response = {"status_code": status, "body": body if status == 200 else {"error": {"message": text}}}
    return json.dumps({"custom_id": f"{JOB}-{index}", "response": response, "error": None}).encode()


def part_row(index: int, part: int, parts: int) -> bytes:
    """A result row for a part of a record of embeddings."""
    key = f"{JOB}-{index}_{part}_{parts}" if parts > 1 else f"{JOB}-{index}"
    return json.dumps({"key": key, "response": {"embedding": {"values": [1.0, part]}}}).encode()


ROWS = st.one_of(
    st.builds(row, st.integers(0, 30), st.sampled_from("ab"), st.sampled_from([200, 200, 400, 429])),
    st.builds(lambda index: row(index, "cut")[:-9], st.integers(0, 30)),
    st.sampled_from([b"", b"noise", row(10**30, "of no record")]),
)
PART_ROWS = st.builds(part_row, st.integers(0, 30), st.integers(0, 2), st.sampled_from([1, 3]))
IN_ORDER = st.just([row(index, "in order") for index in range(40)])


def output(
    folder: Path,
    objects: list[bytes],
    route: Route,
    results: list[list[bytes]],
    workers: Workers,
    size: int,
) -> list[object]:
    """What is counted in each range of a job, and the content of all parts of its output."""
    folder.mkdir()
    inputs = written(folder, objects)
    paths = [folder / f"results-{number}" for number in range(len(results))]
    for path, rows in zip(paths, results, strict=True):
        path.write_bytes(b"\n".join(rows))
    plan = split(JOB, inputs, route, Limits(requests=7, bytes=100_000), folder / "job")
    tallies = [
        join(
            Range(
                job_id=JOB,
                number=number,
                cut=cut,
                route=route,
                inputs=tuple(inputs),
                results=tuple(paths),
                folder=folder / "job",
                max_bytes=100_000,
                unprocessed=None,
            ),
            workers,
            size,
        )
        for number, cut in enumerate(plan.cuts)
    ]
    made = sorted((folder / "job" / "output").rglob("*"))
    return [*tallies, *((path.name, path.read_bytes()) for path in made if path.is_file())]


@settings(max_examples=150, deadline=None)
@given(
    case=st.one_of(
        st.tuples(
            st.just(CHAT),
            objects_of(all_but(CHAT_LINES, "no record")),
            st.lists(st.one_of(st.lists(ROWS, max_size=40), IN_ORDER), max_size=3),
        ),
        st.tuples(
            st.just(EMBEDDINGS),
            objects_of(all_but(EMBEDDING_LINES, "no record")),
            st.lists(st.lists(PART_ROWS, max_size=60), max_size=3),
        ),
    ),
    size=st.sampled_from([1, 150, 1_000]),
)
def test_blocks_change_nothing_in_the_output(
    tmp_path_factory: pytest.TempPathFactory,
    case: tuple[Route, list[bytes], list[list[bytes]]],
    size: int,
) -> None:
    route, objects, results = case
    folder = tmp_path_factory.mktemp("case")
    with ThreadPoolExecutor(3) as threads:
        one = output(folder / "one", objects, route, results, HERE, 1 << 20)
        workers = Workers(threads.submit, in_flight=5)
        assert output(folder / "many", objects, route, results, workers, size) == one


@settings(max_examples=200, deadline=None)
@given(
    case=st.one_of(
        st.tuples(st.just(CHAT), objects_of(CHAT_LINES)),
        st.tuples(st.just(EMBEDDINGS), objects_of(EMBEDDING_LINES)),
    ),
    requests=st.integers(1, 12),
    size_limit=st.sampled_from([150, 600, 100_000]),
    size=st.sampled_from([1, 150, 1_000]),
)
def test_blocks_change_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    case: tuple[Route, list[bytes]],
    requests: int,
    size_limit: int,
    size: int,
) -> None:
    route, objects = case
    folder = tmp_path_factory.mktemp("case")
    limits = Limits(requests=requests, bytes=size_limit)
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(3) as threads:
        patch.setattr(input_reader, "LONGEST_LINE", LONGEST)
        patch.setattr(lines, "translator_of", GroupingTranslator)
        one = outcome(folder / "one", objects, route, limits, HERE, 1 << 20)
        workers = Workers(threads.submit, in_flight=5)
        assert outcome(folder / "many", objects, route, limits, workers, size) == one
