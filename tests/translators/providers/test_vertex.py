"""What a model on Vertex AI is called, where it runs, and what is refused before a job is made."""

import json
from datetime import date

import pytest
from msgspec import Raw

from translators.bedrock.records import InputRecord
from translators.providers.batch_file import Line, Receipt
from translators.providers.registry import PROVIDERS
from translators.providers.rules.model_rules import LONG_AGO
from translators.providers.vertex import models, rows
from translators.translation import Route, Translator


@pytest.mark.parametrize(
    ("vendor", "model", "name"),
    [
        ("anthropic", "claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5@20250929"),
        ("anthropic", "claude-haiku-4-5-20251001-v1:0:200k", "claude-haiku-4-5@20251001"),
        ("anthropic", "claude-3-5-sonnet-20240620-v1:0", "claude-3-5-sonnet@20240620"),
        ("anthropic", "claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet-v2@20241022"),
        ("anthropic", "claude-opus-4-6-v1", "claude-opus-4-6"),
        ("anthropic", "claude-sonnet-4-6", "claude-sonnet-4-6"),
        ("meta", "llama3-3-70b-instruct-v1:0", None),
        ("amazon", "nova-lite-v1:0", None),
        ("google", "gemma-3-12b-it", None),
    ],
)
def test_a_model_of_claude_has_a_name_of_google_s(vendor: str, model: str, name: str | None) -> None:
    assert models.derived_model(vendor, model) == name


@pytest.mark.parametrize(
    ("model", "resource"),
    [
        ("gemini-2.5-flash", "publishers/google/models/gemini-2.5-flash"),
        ("claude-opus-4-6", "publishers/anthropic/models/claude-opus-4-6"),
        ("publishers/google/models/gemini-2.5-pro", "publishers/google/models/gemini-2.5-pro"),
        ("projects/p/locations/us-central1/models/1", "projects/p/locations/us-central1/models/1"),
    ],
)
def test_a_job_names_the_publisher(model: str, resource: str) -> None:
    assert models.resource(model) == resource


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5-20251001"),
        ("publishers/anthropic/models/claude-opus-4-6@default", "claude-opus-4-6"),
        ("claude-opus-4-6", "claude-opus-4-6"),
    ],
)
def test_what_a_model_takes_is_known_by_anthropic_s_name(model: str, name: str) -> None:
    assert models.anthropic_name(model) == name


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("gemini-2.5-flash", None),
        ("gemini-3.5-flash", None),
        ("gemini-3.1-pro-preview", None),
        ("claude-haiku-4-5@20251001", None),
        ("claude-opus-4-1@20250805", None),
        ("publishers/anthropic/models/claude-opus-5", None),
        ("projects/p/locations/us-central1/models/1", None),
        ("projects/p/locations/us-central1/endpoints/1", None),
        ("gpt-4o", "of Vertex AI's models only Gemini's, Claude's and the project's own can be asked"),
        (
            "publishers/meta/models/llama-3.3-70b-instruct-maas",
            "of Vertex AI's models only Gemini's, Claude's and the project's own can be asked",
        ),
    ],
)
def test_a_model_that_no_job_can_use_is_named(model: str, why: str | None) -> None:
    assert models.unusable(model) == why


@pytest.mark.parametrize(
    ("model", "day"),
    [
        ("gemini-2.0-flash-001", LONG_AGO),
        ("publishers/google/models/gemini-1.5-pro-002", LONG_AGO),
        ("gemini-pro", LONG_AGO),
        ("claude-3-haiku@20240307", LONG_AGO),
        ("claude-3-5-sonnet-v2@20241022", LONG_AGO),
        ("claude-3-7-sonnet@20250219", date(2026, 5, 11)),
        ("claude-3-5-haiku-20241022", date(2026, 7, 5)),
        ("claude-sonnet-4@20250514", date(2026, 9, 14)),
        ("claude-opus-4-1@20250805", None),
        ("claude-sonnet-4-5@20250929", None),
        ("gemini-2.5-flash", None),
    ],
)
def test_models_retire_on_google_s_own_days(model: str, day: date | None) -> None:
    assert models.MODELS.rules(model).retires == day


@pytest.mark.parametrize(
    ("base_url", "location", "address"),
    [
        ("", "us-central1", "https://us-central1-aiplatform.googleapis.com"),
        ("", "global", "https://aiplatform.googleapis.com"),
        ("", "us", "https://aiplatform.us.rep.googleapis.com"),
        ("", "eu", "https://aiplatform.eu.rep.googleapis.com"),
        ("http://127.0.0.1:1", "us-central1", "http://127.0.0.1:1"),
    ],
)
def test_jobs_are_where_their_location_is(base_url: str, location: str, address: str) -> None:
    settings = {"project": "p", "location": location}
    assert models.address(base_url, settings) == f"{address}/v1/projects/p/locations/{location}"


CLAUDE = Raw(
    b'{"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"messages":[{"role":"user","content":"Hi"}],"x":1}'
)


def line_to(model: str, body: Raw = CLAUDE) -> Line:
    route = Route(
        model_id="anthropic.claude-haiku-4-5-20251001-v1:0",
        invocation_type="InvokeModel",
        provider="vertex",
        model=model,
    )
    line = Translator(route).line("k3v9x0q2m7ab-0", InputRecord(body))
    assert isinstance(line, Line)
    return line


def test_a_body_of_claude_s_passes_field_by_field_to_claude_and_in_gemini_s_words_to_gemini() -> None:
    to_claude = json.loads(line_to("claude-haiku-4-5@20251001").data)
    assert to_claude == {
        "custom_id": "k3v9x0q2m7ab-0",
        "request": {**json.loads(bytes(CLAUDE)), "anthropic_version": "vertex-2023-10-16"},
    }
    known = Raw(bytes(CLAUDE).replace(b',"x":1', b""))
    assert json.loads(line_to("gemini-2.5-flash", known).data)["request"]["contents"] == [
        {"role": "user", "parts": [{"text": "Hi"}]}
    ]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ('Too Many Requests: {"error": {"code": 429, "message": "Later."}}', 429),
        ('Bad Request: {"error": {"code": 400, "message": "No."}}', 400),
        ("", None),
    ],
)
def test_a_row_tells_whether_asking_again_may_help(status: str, code: int | None) -> None:
    row = {"request": {"labels": {"bedrock_batch_record": "j-0"}}, "status": status, "response": {}}
    assert rows.receipt(json.dumps(row).encode()) == Receipt("j-0", finished=True, status=code)


def test_the_row_in_the_registry_says_what_the_account_has_to_say() -> None:
    assert [*PROVIDERS["vertex"].settings] == ["project", "location", "staging"]
