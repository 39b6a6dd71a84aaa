"""`bedrock-batch translate` on 100,000 lines, against a program that reads and writes them with orjson.

    uv run pytest tests/benchmarks/test_translate_command.py -s

Whole command against whole command, start-up included; in turns, the best of each counts.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.addon.cli import programs

LINES = 100_000
TURNS = 5
SENTENCE = (
    "Batch inference lets an application hand over many prompts at once and collect the answers later. "
)
ORJSON = """
import sys, orjson
with open(sys.argv[1], "rb") as lines, open(sys.argv[2], "wb") as output:
    for line in lines:
        output.write(orjson.dumps(orjson.loads(line)) + b"\\n")
"""


def write_input(path: Path, sentences: int) -> None:
    with path.open("wb") as file:
        for number in range(LINES):
            message = {"role": "user", "content": f"{number}: {SENTENCE * sentences}"}
            body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 256, "messages": [message]}
            record = {"recordId": f"REC{number:08d}", "modelInput": body}
            file.write(json.dumps(record).encode() + b"\n")


def seconds(command: Sequence[str], home: Path) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, cwd=home, env=programs.environment(home), capture_output=True)
    return time.perf_counter() - begin


@pytest.mark.timeout(600)
@pytest.mark.parametrize("config", ["", '[providers.openai.models]\n"*haiku*" = "gpt-5.4-mini"\n'])
@pytest.mark.parametrize("sentences", [1, 8, 80])
def test_a_file_of_records(tmp_path: Path, sentences: int, config: str) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    write_input(source, sentences)
    model = "gpt-5.4-mini"
    if config:
        (tmp_path / "bedrock-batch.toml").write_text(config, encoding="utf-8")
        model = "anthropic.claude-3-haiku-20240307-v1:0"
    ours = programs.command(
        "translate", str(source), "--model", model, "--to", "openai", "--out", str(output)
    )
    theirs = [sys.executable, "-c", ORJSON, str(source), str(output)]
    turns = [(seconds(ours, tmp_path), seconds(theirs, tmp_path)) for _ in range(TURNS)]
    best, floor = min(ours for ours, _ in turns), min(theirs for _, theirs in turns)
    print(
        f"\n{source.stat().st_size // LINES:>6} bytes a line, {'with' if config else 'no'} configuration: "
        f"{LINES / best:>9,.0f} lines/s, {floor / best:.2f} of orjson's speed   (budget 0.33)"
    )
