"""Recorded exchanges with Bedrock in the dialects of texts and embeddings, when they lie beside the project:
what was sent can be read, and what was answered is what we would write.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw

from translators.bedrock.converse import (
    Answer,
    ContentBlock,
    Message,
    Output,
    Request,
    Response,
    StopReason,
    Usage,
)
from translators.bedrock.embeddings import EmbeddingAnswer, TextPart
from translators.bedrock.families.registry import (
    AnyFamily,
    EmbeddingFamily,
    Family,
    families_of_model,
    family_of_body,
)
from translators.bedrock.model_ids import parse
from translators.errors import Refused

TRAFFIC = Path(__file__).parents[4] / "shared" / "real-traffic" / "bedrock-invoke"

if not TRAFFIC.is_dir():
    pytest.skip("there is no recorded traffic beside the project", allow_module_level=True)

GUARDED = {"amazon-bedrock-trace", "amazon-bedrock-guardrailAction"}
"""What a guardrail adds to any answer."""
TWO_TEXTS = ["Hello World!", "Goodbye cruel world!"]


def exchange(name: str) -> Any:
    return json.loads((TRAFFIC / f"{name}.json").read_bytes())


def raw(recorded: Any) -> Raw:
    body = recorded["request"]["body"]
    return Raw((body if isinstance(body, str) else json.dumps(body)).encode())


def model_of(recorded: Any) -> str:
    segment: str = recorded["request"]["url"].split("/model/")[1].split("/")[0]
    return segment.replace("%3A", ":")


def family_of(recorded: Any) -> AnyFamily:
    families = families_of_model(parse(model_of(recorded)))
    return family_of_body(recorded["request"]["body"], families) if len(families) > 1 else families[0]


def said(request: Request) -> object:
    turns = [(turn.role, turn.content[0].text) for turn in request.messages]
    config = request.inference_config
    assert config is not None
    return turns, config.max_tokens, config.stop_sequences


@pytest.mark.parametrize(
    ("name", "dialect", "text", "limit", "stop"),
    [
        ("titan-text/express-basic", "titan", "Tell me a joke about opentelemetry", 200, None),
        ("titan-text/lite-length", "titan", "Say this is a test", 10, ["|"]),
        ("titan-text/guardrail-intervened", "titan", "Tell me a joke about opentelemetry", 512, None),
        ("titan-text/error-403-signature-expired", "titan", "Say this is a test", 10, ["|"]),
        ("claude/text-completions-v2-1", "claude-text", "Tell me a joke about opentelemetry", 200, None),
        ("cohere-command/command-text", "cohere-command", "Tell me a joke about opentelemetry", 200, None),
        (
            "cohere-command/command-light-two-generations",
            "cohere-command",
            "\n\nHuman: %s\n\nAssistant: Can you explain what a LLM chain is?",
            10,
            None,
        ),
        ("cohere-command-r/stop-sequence", "cohere-command-r", "Say this is a test", 10, ["|"]),
    ],
)
def test_what_was_sent_is_read(
    name: str, dialect: str, text: str, limit: int, stop: list[str] | None
) -> None:
    recorded = exchange(name)
    family = family_of(recorded)
    assert isinstance(family, Family)
    assert family.name == dialect
    assert said(family.request(raw(recorded))) == ([("user", text)], limit, stop)


@pytest.mark.parametrize(
    ("name", "reason", "sequence"),
    [
        ("titan-text/express-basic", "end_turn", None),
        ("titan-text/lite-length", "max_tokens", None),
        ("titan-text/guardrail-intervened", "end_turn", None),
        ("claude/text-completions-v2-1", "end_turn", None),
        ("cohere-command/command-text", "end_turn", None),
        ("cohere-command-r/stop-sequence", "stop_sequence", "|"),
    ],
)
def test_what_was_answered_is_what_we_write(name: str, reason: StopReason, sequence: str | None) -> None:
    recorded = exchange(name)
    family, expected = family_of(recorded), recorded["response"]["body"]
    assert isinstance(family, Family)
    counts = recorded["response"]["headers"]
    usage = Usage(
        int(counts["x-amzn-bedrock-input-token-count"]), int(counts["x-amzn-bedrock-output-token-count"]), 0
    )
    message = Message("assistant", [ContentBlock(text_of(expected))])
    answer = Answer(Response(Output(message), reason, usage), id="1", model="", stop_sequence=sequence)
    written = json.loads(family.output(answer, model_of(recorded), raw(recorded)))
    assert with_ids(written) == with_ids(
        {member: value for member, value in expected.items() if member not in GUARDED}
    )


def text_of(answer: Any) -> str:
    """The text of an answer in any of these dialects."""
    match answer:
        case {"results": [{"outputText": str(text)}]} | {"generations": [{"text": str(text)}]}:
            return text
        case {"completion": str(text)} | {"text": str(text)}:
            return text
    raise AssertionError(answer)


def with_ids(answer: Any) -> Any:
    """The answer with every id blotted out: a provider has its own."""
    if isinstance(answer, dict):
        return {name: "…" if name.endswith("id") else with_ids(value) for name, value in answer.items()}
    return [with_ids(item) for item in answer] if isinstance(answer, list) else answer


def test_two_generations_are_asked_for_as_such() -> None:
    recorded = exchange("cohere-command/command-light-two-generations")
    family = family_of(recorded)
    assert isinstance(family, Family)
    assert family.request(raw(recorded)).additional_model_request_fields == {"n": 2}


@pytest.mark.parametrize(
    "name", ["titan-text/error-400-malformed-request", "titan-embed/error-400-malformed-request"]
)
def test_what_bedrock_refused_is_refused(name: str) -> None:
    recorded = exchange(name)
    (family,) = families_of_model(parse(model_of(recorded)))
    with pytest.raises(Refused, match="JSON is malformed"):
        family.request(raw(recorded))


@pytest.mark.parametrize(
    ("name", "dialect", "texts", "dimensions"),
    [
        ("titan-embed/v1", "titan-embeddings-g1", ["Hello World!"], None),
        ("titan-embed/v2-dimensions", "titan-embeddings-v2", ["Ruby is a programmer's best friend"], 1024),
        (
            "cohere-embed/english-v3-two-texts",
            "cohere-embed-v3",
            ["Hello World!", "Goodbye cruel world!"],
            None,
        ),
        ("cohere-embed/v4-512-dims", "cohere-embed-v4", ["Test dimensions setting"], 512),
        (
            "nova-embed/multimodal-embeddings-text",
            "nova-embeddings",
            ["Ruby is a programmer's best friend"],
            256,
        ),
    ],
)
def test_embeddings_are_asked_for_and_answered(
    name: str, dialect: str, texts: list[str], dimensions: int | None
) -> None:
    recorded = exchange(name)
    family, expected = family_of(recorded), recorded["response"]["body"]
    assert isinstance(family, EmbeddingFamily)
    assert family.name == dialect
    request = family.request(raw(recorded))
    assert request.inputs == tuple((TextPart(text),) for text in texts)
    assert request.dimensions == dimensions
    vectors = vectors_of(expected)
    assert {len(vector) for vector in vectors} == {dimensions or request.usual_dimensions}
    tokens = int(recorded["response"]["headers"]["x-amzn-bedrock-input-token-count"])
    answer = EmbeddingAnswer(vectors, id=expected.get("id", ""), model="", input_tokens=tokens)
    assert json.loads(family.output(answer, model_of(recorded), raw(recorded))) == expected


def vectors_of(answer: Any) -> tuple[tuple[float, ...], ...]:
    match answer:
        case {"embedding": vector}:
            return (tuple(vector),)
        case {"embeddings": [{"embedding": vector}]}:
            return (tuple(vector),)
        case {"embeddings": {"float": vectors}} | {"embeddings": vectors}:
            return tuple(map(tuple, vectors))
    raise AssertionError(answer)
