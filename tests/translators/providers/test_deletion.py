"""What each provider is asked to delete once the results of a batch are published."""

import io
from collections.abc import Callable, Iterable

import httpx
import pytest

from tests.translators.playing import endpoint_of
from translators.errors import ProviderError
from translators.providers import uploaded_files
from translators.providers.azure import batches as azure
from translators.providers.conversation import Batch, Conversation, Marker, Submission
from translators.providers.groq import batches as groq
from translators.providers.registry import PROVIDERS

SUBMISSION = Submission(
    marker=Marker(job="k3v9x0q2m7ab", shard=0, round=0), model="m", group="/v1/chat/completions", lines=1
)
LISTING = {"items": [{"name": "batches/k/output/prediction-1/predictions.jsonl"}]}

OPENAI_LIKE = ["DELETE /v1/files/in", "DELETE /v1/files/out", "DELETE /v1/files/err"]
ASKED: dict[str, tuple[str, tuple[str, ...], list[str]]] = {
    "openai": ("in", ("out", "err"), OPENAI_LIKE),
    "together": ("in", ("out", "err"), OPENAI_LIKE),
    "mistral": ("in", ("out", "err"), OPENAI_LIKE),
    "azure": ("in", ("out",), ["DELETE /openai/v1/files/in", "DELETE /openai/v1/files/out"]),
    "groq": ("in", ("out",), ["DELETE /openai/v1/files/in", "DELETE /openai/v1/files/out"]),
    "fireworks": (
        "in",
        ("out",),
        ["DELETE /v1/accounts/example/datasets/in", "DELETE /v1/accounts/example/datasets/out"],
    ),
    "cohere": ("in", ("out",), ["DELETE /v1/datasets/in", "DELETE /v1/datasets/out"]),
    "anthropic": (
        "",
        ("https://api.anthropic.com/v1/messages/batches/b/results",),
        ["DELETE /v1/messages/batches/b"],
    ),
    "gemini": (
        "files/in",
        ("files/out", "batches/b"),
        ["DELETE /v1beta/files/in", "DELETE /v1beta/batches/b"],
    ),
    "vertex": (
        "gs://example-bucket/batches/k/input.jsonl",
        ("gs://example-bucket/batches/k/output/prediction-1",),
        [
            "GET /batches/k/output/prediction-1/",
            "DELETE /batches/k/input.jsonl",
            "DELETE /batches/k/output/prediction-1/predictions.jsonl",
        ],
    ),
    "xai": ("b", ("b",), []),
}


def a_batch(files: tuple[str, ...]) -> Batch:
    return Batch(id="b", state="ended", raw_status="completed", result_files=files)


type Answer = Callable[[httpx.Request], httpx.Response]


def held(conversation: Conversation[object], answer: Answer) -> tuple[list[httpx.Request], object]:
    """The requests of a conversation, and its outcome or error."""
    requests: list[httpx.Request] = []
    try:
        request = next(conversation)
        while True:
            requests.append(request)
            request = conversation.send(answer(request))
    except StopIteration as end:
        return requests, end.value
    except ProviderError as error:
        return requests, error


def asked(requests: Iterable[httpx.Request]) -> list[str]:
    return [f"{request.method} {request.url.path}" for request in requests]


def answering(status: int) -> Answer:
    return lambda request: httpx.Response(
        200 if request.method == "GET" else status, json=LISTING, request=request
    )


def test_every_provider_is_here() -> None:
    assert set(ASKED) == set(PROVIDERS)


@pytest.mark.parametrize("provider", ASKED)
@pytest.mark.parametrize("status", [200, 204, 404, 405, 410, 501])
def test_what_is_deleted_and_what_is_gone_already_is_no_error(provider: str, status: int) -> None:
    input_id, files, expected = ASKED[provider]
    endpoint = endpoint_of(provider)
    deletion = PROVIDERS[provider].batches.delete(endpoint, a_batch(files), input_id)
    requests, outcome = held(deletion, answering(status))
    assert asked(requests) == expected
    assert outcome is None


@pytest.mark.parametrize("provider", [name for name, (_, _, requests) in ASKED.items() if requests])
def test_a_refusal_keeps_nothing_else_from_being_deleted(provider: str) -> None:
    input_id, files, expected = ASKED[provider]
    deletion = PROVIDERS[provider].batches.delete(endpoint_of(provider), a_batch(files), input_id)
    requests, outcome = held(deletion, answering(403))
    assert asked(requests) == expected
    assert isinstance(outcome, ProviderError)
    assert outcome.status == 403


@pytest.mark.parametrize(
    "provider", ["openai", "azure", "groq", "together", "mistral", "cohere", "fireworks"]
)
def test_an_input_of_the_callers_is_not_deleted(provider: str) -> None:
    deletion = PROVIDERS[provider].batches.delete(endpoint_of(provider), a_batch(("out",)), "")
    requests, _ = held(deletion, answering(200))
    assert [request.url.path.rpartition("/")[2] for request in requests] == ["out"]


def created(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"id": "x", "status": "validating"}, request=request)


def knows_no_expiry(request: httpx.Request) -> httpx.Response:
    if b"expires_after" in request.read():
        error = {"message": "Unknown parameter: 'output_expires_after'.", "param": "output_expires_after"}
        return httpx.Response(400, json={"error": error}, request=request)
    return created(request)


@pytest.mark.parametrize("provider", ["openai", "azure"])
def test_uploads_and_results_expire_where_the_server_knows_that(provider: str) -> None:
    batches, endpoint = PROVIDERS[provider].batches, endpoint_of(provider)
    for conversation in (
        batches.upload(endpoint, SUBMISSION, io.BytesIO(b"{}\n")),
        batches.create(endpoint, SUBMISSION, io.BytesIO()),
    ):
        (request,), _ = held(conversation, created)
        assert b"1209600" in request.read()
    for conversation in (
        batches.upload(endpoint, SUBMISSION, io.BytesIO(b"{}\n")),
        batches.create(endpoint, SUBMISSION, io.BytesIO()),
    ):
        requests, outcome = held(conversation, knows_no_expiry)
        assert [b"expires_after" in request.read() for request in requests] == [True, False]
        assert not isinstance(outcome, ProviderError)


def test_groq_is_asked_for_no_expiry() -> None:
    endpoint = endpoint_of("groq")
    for conversation in (
        groq.upload(endpoint, SUBMISSION, io.BytesIO(b"{}\n")),
        groq.create(endpoint, SUBMISSION, io.BytesIO()),
    ):
        (request,), _ = held(conversation, created)
        assert b"expires_after" not in request.read()


@pytest.mark.parametrize("upload", [azure.upload, uploaded_files.upload])
@pytest.mark.parametrize(
    "message",
    [
        "The quota for files without expiry is reached. The maximum is 500.",
        "The quota for files with expiry is reached. The maximum is 10000.",
        "You have reached the maximum number of files.",
    ],
)
def test_too_many_files_is_a_refusal_that_passes_and_names_what_to_do(
    upload: Callable[..., Conversation[str]], message: str
) -> None:
    refusal = {"error": {"code": "quotaExceeded", "message": message}}
    _, error = held(
        upload(endpoint_of("azure"), SUBMISSION, io.BytesIO(b"{}\n")),
        lambda request: httpx.Response(400, json=refusal, request=request),
    )
    assert isinstance(error, ProviderError)
    assert error.passing
    assert str(error) == f"{message} Delete files there that nothing needs any more."
