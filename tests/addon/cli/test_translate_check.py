"""`bedrock-batch translate --check`: mistakes are sown, and each must be found on its line."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.addon.cli.test_translate import a_record, translate, written

type Mistake = Callable[[int], str]

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/tiff", "data": "AAAA"}}
MISTAKES: dict[str, tuple[Mistake, str]] = {
    "not JSON": (lambda n: '{"recordId": "R", "modelInput": {', "is not JSON"),
    "words": (lambda n: "Hello", "is not JSON"),
    "half a line": (lambda n: a_record(f"R{n}")[:-2], "is not JSON"),
    "not UTF-8": (lambda n: a_record(f"R{n}").replace("Hi", "\udcff"), "is not UTF-8"),
    "half a character": (lambda n: a_record(f"R{n}", system="\udcff"), "is half of a surrogate pair"),
    "an array": (lambda n: f"[{a_record()}]", "is not a record"),
    "no modelInput": (lambda n: json.dumps({"recordId": f"R{n}"}), "missing required field `modelInput`"),
    "a misspelt modelInput": (lambda n: json.dumps({"model_input": {}}), "`modelInput`"),
    "a modelInput of text": (lambda n: json.dumps({"modelInput": "Hi"}), "modelInput is not a JSON object"),
    "a recordId of digits": (lambda n: json.dumps({"recordId": n, "modelInput": {}}), "recordId"),
    "no known dialect": (lambda n: json.dumps({"modelInput": {"text": "Hi"}}), "modelInput: is of no known"),
    "an unknown field": (lambda n: a_record(f"R{n}", temprature=1), "temprature: "),
    "a field of the wrong type": (lambda n: a_record(f"R{n}", max_tokens="5"), "max_tokens"),
    "a refused image": (
        lambda n: a_record(f"R{n}", messages=[{"role": "user", "content": [IMAGE]}]),
        "messages[0].content[0]",
    ),
    "too many stop sequences": (
        lambda n: a_record(f"R{n}", stop_sequences=list("abcde")),
        "stopSequences: the model takes no stop sequences",
    ),
    "too large": (
        lambda n: a_record(f"R{n}", system="x" * 3000),
        "which takes batches of at most 2000 bytes",
    ),
}
CONFIG = ["[providers.openai]", "max_bytes_per_batch = 2000"]


def test_each_sown_mistake_is_found_on_its_line(tmp_path: Path) -> None:
    """Among 4000 good lines, in blocks that several processes look at."""
    chance = random.Random(4)
    lines = [a_record(f"R{number}", system="x" * 500) for number in range(4000)]
    places = dict(zip(sorted(chance.sample(range(4000), len(MISTAKES))), MISTAKES, strict=True))
    for place, name in places.items():
        lines[place] = MISTAKES[name][0](place)
    path = tmp_path / "in.jsonl"
    path.write_bytes("\n".join(lines).encode(errors="surrogateescape"))
    written(tmp_path, CONFIG, "bedrock-batch.toml")
    done = translate(tmp_path, str(path), "--check", "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    found = {error["line"]: error["message"] for error in report["errors"]}
    assert {line: MISTAKES[places[line - 1]][1] in message for line, message in found.items()} == {
        place + 1: True for place in places
    }
    assert (report["records"], report["sendable"]) == (4000, 4000 - len(MISTAKES))
    assert report["warnings"] == []


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_alone_is_told_to_people(tmp_path: Path, name: str) -> None:
    mistake, said = MISTAKES[name]
    path = tmp_path / "in.jsonl"
    path.write_bytes(f"\n{a_record('R0')}\r\n{mistake(1)}\n".encode(errors="surrogateescape"))
    written(tmp_path, CONFIG, "bedrock-batch.toml")
    done = translate(tmp_path, "in.jsonl", "--check")
    problem, summary = done.stdout.splitlines()
    assert problem.startswith("in.jsonl:3: error: ")
    assert said in problem
    assert summary == "2 records, 1 can be sent to openai, gpt-5.4-mini: 1 error, 0 warnings"
    assert done.returncode == 1


def test_ids_that_occur_twice_are_warnings(tmp_path: Path) -> None:
    lines = [a_record("A"), a_record("B"), a_record("A"), json.dumps({"modelInput": json.loads(a_record())})]
    source = written(tmp_path, lines[:3])
    done = translate(tmp_path, str(source), "--check")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"{source}:3: warning: A: recordId is also that of line 1",
        "3 records, 3 can be sent to openai, gpt-5.4-mini: 0 errors, 1 warning",
    ]


def test_what_would_be_changed_is_counted(tmp_path: Path) -> None:
    lines = [a_record("A"), a_record("B", top_k=1), a_record("C", top_k=2)]
    lines.append(json.dumps({**json.loads(a_record("D")), "comment": "mine"}))
    source = written(tmp_path, lines)
    done = translate(tmp_path, str(source), "--check", "--json")
    assert done.returncode == 0
    top_k, comment = json.loads(done.stdout)["notes"]
    assert (top_k["field"], top_k["effect"]) == ("additionalModelRequestFields.top_k", "dropped")
    assert (top_k["records"], top_k["firstLine"]) == (2, 2)
    assert (comment["field"], comment["detail"], comment["firstLine"]) == (
        "comment",
        "no member of a record",
        4,
    )
    shown = translate(tmp_path, str(source), "--check").stdout.splitlines()
    assert shown[1] == "note: dropped comment (no member of a record): 1 record, first on line 4"


def test_records_that_cannot_share_a_batch_are_told(tmp_path: Path) -> None:
    embedding = json.dumps({"modelInput": {"inputText": "Hi", "dimensions": 256}})
    done = translate(
        tmp_path, "--check", stdin=f"{a_record()}\n{embedding}\n", model="text-embedding-3-small"
    )
    assert "note: separate batches: '/v1/chat/completions', '/v1/embeddings'" in done.stdout


@pytest.mark.parametrize("stdin", ["", "\n\n"])
def test_an_input_without_records_is_an_error(tmp_path: Path, stdin: str) -> None:
    done = translate(tmp_path, "--check", stdin=stdin)
    assert done.returncode == 1
    assert done.stdout.startswith("standard input:1: error: there is no record\n")
    report = json.loads(translate(tmp_path, "--check", "--json", stdin=stdin).stdout)
    assert report["errors"] == [{"line": 1, "recordId": None, "message": "there is no record"}]
