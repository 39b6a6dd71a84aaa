"""What translating a record costs, as a ratio to reading and writing the same bytes with orjson.

    uv run pytest tests/benchmarks/test_translation.py -s

Both sides are measured in turns in one process; the best of many turns counts.
"""

import json
import timeit
from collections.abc import Callable

import orjson
import pytest

from translators.bedrock.records import output_line, read
from translators.providers.rows import Line
from translators.translation import InvocationType, Route, Translator
from translators.wire import ModelOutput

TEXT = (
    "Batch inference lets an application hand over many prompts at once and collect the answers later. " * 8
)
CLAUDE: dict[str, object] = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 256,
    "temperature": 0.2,
    "system": "Be terse.",
    "messages": [{"role": "user", "content": TEXT}],
}
NOVA: dict[str, object] = {
    "schemaVersion": "messages-v1",
    "system": [{"text": "Be terse."}],
    "messages": [{"role": "user", "content": [{"text": TEXT}]}],
    "inferenceConfig": {"maxTokens": 256, "temperature": 0.2},
}
CONVERSE = {name: value for name, value in NOVA.items() if name != "schemaVersion"}
DIALECTS: dict[str, tuple[str, InvocationType, dict[str, object]]] = {
    "claude": ("anthropic.claude-3-haiku-20240307-v1:0", "InvokeModel", CLAUDE),
    "nova": ("amazon.nova-lite-v1:0", "InvokeModel", NOVA),
    "converse": ("amazon.nova-lite-v1:0", "Converse", CONVERSE),
}
ANSWER = {
    "id": "batch_req_1",
    "custom_id": "abcdefghij12-0",
    "response": {
        "status_code": 200,
        "request_id": "r",
        "body": {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1787176200,
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": TEXT, "refusal": None, "annotations": []},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 120, "completion_tokens": 140, "total_tokens": 260},
        },
    },
    "error": None,
}


def ratio(ours: Callable[[], object], theirs: Callable[[], object]) -> float:
    """Best time of one over best time of the other, measured in turns."""
    turns = [(timeit.timeit(ours, number=2_000), timeit.timeit(theirs, number=2_000)) for _ in range(15)]
    return min(ours for ours, _ in turns) / min(theirs for _, theirs in turns)


def report(name: str, bytes_: int, found: float, budget: float) -> None:
    print(f"{name:<32} {bytes_:>6} bytes   {found:5.2f} x orjson   (budget {budget:.0f})")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_record_to_its_line(dialect: str) -> None:
    model_id, invocation_type, body = DIALECTS[dialect]
    route = Route(model_id=model_id, invocation_type=invocation_type, provider="openai", model="gpt-4o-mini")
    translator = Translator(route)
    line = json.dumps({"recordId": "REC00000001", "modelInput": body}).encode()

    def ours() -> None:
        record = read(line)
        assert record is not None
        assert isinstance(translator.line("abcdefghij12-0", record.model_input), Line)

    report(f"{dialect} → openai", len(line), ratio(ours, lambda: orjson.dumps(orjson.loads(line))), 4)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_result_to_its_row(dialect: str) -> None:
    model_id, invocation_type, body = DIALECTS[dialect]
    route = Route(model_id=model_id, invocation_type=invocation_type, provider="openai", model="gpt-4o-mini")
    translator = Translator(route)
    line = json.dumps({"recordId": "REC00000001", "modelInput": body}).encode()
    row = json.dumps(ANSWER).encode()

    def ours() -> None:
        record = read(line)
        assert record is not None
        result = translator.model_output(record.model_input, row)
        assert isinstance(result, ModelOutput)
        output_line("REC00000001", record.model_input, result.json)

    def theirs() -> None:
        orjson.dumps(orjson.loads(line))
        orjson.dumps(orjson.loads(row))

    report(f"openai → {dialect}", len(line) + len(row), ratio(ours, theirs), 4)
