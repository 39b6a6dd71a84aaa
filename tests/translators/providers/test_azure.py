"""Azure OpenAI: what the recordings do not show already, and the official SDK as judge."""

import io
import json
from pathlib import Path
from typing import Any

import httpx
import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletion

from tests.translators.playing import ADDRESSES
from translators.providers.azure import batches, chat
from translators.providers.conversation import Batch, Conversation, Endpoint, Marker, Submission
from translators.providers.openai.models import traits

RECORDINGS = Path(__file__).parents[3] / "recordings" / "azure"
SUBMISSION = Submission(
    marker=Marker(job="k3v9x0q2m7ab", shard=0, round=0),
    model="nightly",
    group="/chat/completions",
    lines=1,
    input_id="file-1",
)
TOKEN = "eyJ0eXAiOiJKV1QifQ.e30.c2lnbmF0dXJl"


def first(conversation: Conversation[Any]) -> httpx.Request:
    return next(conversation)


def sent_by_the_sdk(call: str, key: str) -> httpx2.Request:
    """The request that the official client makes."""
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={"id": "batch_1", "data": []})

    with openai.AzureOpenAI(
        base_url=f"{ADDRESSES['azure']}/openai/v1",
        api_version="preview",
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
        max_retries=0,
        api_key=None if key == TOKEN else key,
        azure_ad_token=TOKEN if key == TOKEN else None,
    ) as client:
        match call:
            case "upload":
                client.files.create(file=("lines.jsonl", io.BytesIO(b"{}\n")), purpose="batch")
            case "create":
                client.batches.create(
                    input_file_id="file-1", endpoint="/v1/chat/completions", completion_window="24h"
                )
            case "retrieve":
                client.batches.retrieve("batch_1")
            case "cancel":
                client.batches.cancel("batch_1")
            case _:
                client.files.content("file-1")
    return seen[0]


@pytest.mark.parametrize("call", ["upload", "create", "retrieve", "cancel", "results"])
@pytest.mark.parametrize("key", ["a-key", TOKEN], ids=["key", "token"])
def test_calls_go_where_the_sdk_sends_them_with_the_credentials_that_it_sends(call: str, key: str) -> None:
    endpoint = Endpoint(base_url=ADDRESSES["azure"], headers=chat.headers(key))
    conversations: dict[str, Conversation[Any]] = {
        "upload": batches.upload(endpoint, SUBMISSION, io.BytesIO(b"{}\n")),
        "create": batches.create(endpoint, SUBMISSION, io.BytesIO()),
        "retrieve": batches.retrieve(endpoint, "batch_1"),
        "cancel": batches.cancel(endpoint, "batch_1"),
        "results": batches.results(
            endpoint, Batch(id="batch_1", state="ended", raw_status="completed", result_files=("file-1",))
        ),
    }
    ours, theirs = first(conversations[call]), sent_by_the_sdk(call, key)
    assert (ours.method, ours.url.path) == (theirs.method, theirs.url.path)
    for header in ("api-key", "authorization"):
        assert ours.headers.get(header) == theirs.headers.get(header)


@pytest.mark.parametrize("ending", ["", "/openai/v1"])
def test_the_address_may_be_what_the_sdk_wants_or_what_the_portal_shows(ending: str) -> None:
    endpoint = Endpoint(base_url=f"{ADDRESSES['azure']}{ending}", headers={})
    request = first(batches.retrieve(endpoint, "batch_1"))
    assert str(request.url) == f"{ADDRESSES['azure']}/openai/v1/batches/batch_1"


@pytest.mark.parametrize(
    ("deployment", "model"),
    [
        ("gpt-4o-mini", "gpt-4o-mini"),
        ("gpt-35-turbo", "gpt-3.5-turbo"),
        ("GPT-5-batch", "gpt-5"),
        ("o4-mini-nightly", "o4-mini"),
    ],
)
def test_a_deployment_named_after_its_model_takes_what_the_model_takes(deployment: str, model: str) -> None:
    found, own = chat.CHAT.traits(deployment).rules, traits(model).rules
    assert (found.names, found.retires) == (own.names, None)


def test_a_deployment_of_any_name_takes_what_current_models_take() -> None:
    found = chat.CHAT.traits("nightly")
    assert (found.limit, found.rules.efforts, found.rules.sampling, found.files) == (
        "max_completion_tokens",
        None,
        "always",
        True,
    )


RESPONSES = {
    file.parent.name: json.loads(file.read_bytes())["response"]
    for file in sorted(RECORDINGS.glob("*/received.json"))
}
FAULTS = {"empty-answer", "unknown-finish-reason"}
"""Which the SDK does not know."""


@pytest.mark.parametrize(
    "case",
    [
        case
        for case, response in RESPONSES.items()
        if response is not None and response["status_code"] == 200 and case not in FAULTS
    ],
)
def test_recorded_answer_is_one_the_sdk_understands(case: str) -> None:
    assert ChatCompletion.model_validate(RESPONSES[case]["body"]).choices
