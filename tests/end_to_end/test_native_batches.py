"""Get and Stop of batches that were made at the provider without us: one flow, with both sides."""

import json
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, override
from uuid import uuid4

import httpx
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader

from addon.demo.fake_provider.batch import Outcome, Timing
from addon.demo.fake_provider.faults import Cut
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import NOWHERE, Mode, ProxyProcess, free_port
from tests.end_to_end.anthropic_server import AnthropicServer
from tests.end_to_end.conftest import PROVIDER_KEY, PROXY_AWS, prepared
from tests.end_to_end.gemini_server import GeminiServer
from tests.end_to_end.harness import CALLER, CLAUDE, Bucket, Client, bedrock, counts, ended, when
from tests.end_to_end.upstream import Upstream, recording_upstream
from tests.waiting import PATIENCE

SECRETS = (PROVIDER_KEY, "not-the-providers-key", *CALLER.values(), *PROXY_AWS.values())
LINE = {
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": "Hi"}]},
}
NOBODY = "http://127.0.0.1:9/v1"


@dataclass(frozen=True)
class Providers:
    """The providers that the proxies of this module know; `secure` records what it is sent over TLS."""

    anthropic: AnthropicServer
    gemini: GeminiServer
    secure: Upstream

    def sections(self) -> Mapping[str, Mapping[str, Any]]:
        key = {"api_key": "env:OPENAI_API_KEY"}
        return {
            "providers.anthropic": {"base_url": self.anthropic.url, **key},
            "providers.gemini": {"base_url": self.gemini.url, **key},
            "providers.secure": {"kind": "openai", "base_url": f"{self.secure.url}/v1", **key},
            "providers.dead": {"kind": "openai", "base_url": NOBODY, **key},
        }


@dataclass(frozen=True)
class Entrance:
    """One of the two addresses of a proxy."""

    process: ProxyProcess
    mode: Mode
    url: str

    @property
    def bundle(self) -> Path:
        return self.process.bundle


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    with (
        AnthropicServer(PROVIDER_KEY) as anthropic,
        GeminiServer(PROVIDER_KEY) as gemini,
        recording_upstream(tmp_path_factory.mktemp("secure")) as secure,
    ):
        yield Providers(anthropic, gemini, secure)


@pytest.fixture(scope="module")
def proxies(
    s3_url: str,
    one_provider: BatchServer,
    providers: Providers,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mapping[Mode, Entrance]]:
    """A proxy that listens in both modes, that logs and saves as much as it can."""
    port = free_port()
    proxy = prepared(
        tmp_path_factory.mktemp("proxy"),
        s3_url,
        one_provider,
        settings={
            "flow_detail": "4",
            "termlog_verbosity": "debug",
            "save_stream_file": "flows",
            "hardump": "flows.har",
            "ssl_verify_upstream_trusted_ca": str(providers.secure.authority),
            "batch_workers": "1",
        },
        config=providers.sections(),
        arguments=("--mode", f"reverse:{NOWHERE}@{port}"),
    )
    with proxy:
        yield {
            "regular": Entrance(proxy, "regular", proxy.url),
            "reverse": Entrance(proxy, "reverse", f"http://127.0.0.1:{port}"),
        }


@pytest.fixture(params=["regular", "reverse"])
def proxy(request: pytest.FixtureRequest, proxies: Mapping[Mode, Entrance]) -> Entrance:
    mode: Mode = request.param
    return proxies[mode]


@pytest.fixture(scope="module")
def clients(proxies: Mapping[Mode, Entrance]) -> Iterator[Callable[[Mode, str], Client]]:
    """Clients all of whose calls name a provider."""
    with ExitStack() as stack:

        @cache
        def client(mode: Mode, name: str) -> Client:
            return stack.enter_context(bedrock(proxies[mode], provider=name, on="*"))

        yield client


@pytest.fixture
def to(proxy: Entrance, clients: Callable[[Mode, str], Client]) -> Callable[[str], Client]:
    return lambda name: clients(proxy.mode, name)


@pytest.fixture
def regular(clients: Callable[[Mode, str], Client]) -> Callable[[str], Client]:
    """Those of one mode, where the mode makes no difference."""
    return lambda name: clients("regular", name)


def uploaded(provider: BatchServer, custom_ids: Sequence[str]) -> str:
    """The id of a file of requests that somebody uploaded to the OpenAI-style provider."""
    lines = [{**LINE, "custom_id": custom_id} for custom_id in custom_ids]
    answer = httpx.post(
        f"{provider.url}/files",
        headers={"Authorization": f"Bearer {PROVIDER_KEY}"},
        data={"purpose": "batch"},
        files={"file": ("in.jsonl", "\n".join(map(json.dumps, lines)).encode())},
    )
    provider.seen.clear()
    return str(answer.json()["id"])


@pytest.fixture
def batch(provider: BatchServer) -> str:
    """The id of a batch that somebody made at the OpenAI-style provider; it goes on when it is looked at."""
    provider.timing = Timing(looks=1)
    with httpx.Client(base_url=provider.url, headers={"Authorization": f"Bearer {PROVIDER_KEY}"}) as openai:
        file = {"id": uploaded(provider, ["a"])}
        made = openai.post(
            "/batches",
            json={
                "input_file_id": file["id"],
                "endpoint": "/v1/chat/completions",
                "completion_window": "24h",
            },
        ).json()
    provider.seen.clear()
    return str(made["id"])


def refused(call: Callable[..., object], batch_id: str) -> ClientError:
    with pytest.raises(ClientError) as refusal:
        call(jobIdentifier=batch_id)
    assert len(refusal.value.response["ResponseMetadata"]["RequestId"]) == 36
    return refusal.value


def test_a_batch_of_openai_is_a_job(to: Callable[[str], Client], provider: BatchServer, batch: str) -> None:
    client = to("openai")
    job = client.get_model_invocation_job(jobIdentifier=batch)
    assert job["status"] in {"Validating", "InProgress"}
    job = ended(client, job["jobArn"])
    assert job["status"] == "Completed"
    assert job["jobArn"] == f"arn:aws:bedrock:us-east-1:000000000000:model-invocation-job/{batch}"
    assert (job["totalRecordCount"], job["successRecordCount"]) == (1, 1)
    assert job["submitTime"].timestamp() == provider.batches[batch].json()["created_at"]
    assert job["endTime"] >= job["submitTime"]
    assert "completed" in job["message"]
    for seen in provider.seen:
        headers = {name.lower(): value for name, value in seen.headers}
        assert headers["authorization"] == f"Bearer {PROVIDER_KEY}"
        assert headers["host"] == provider.url.removeprefix("http://").removesuffix("/v1")
        assert not [name for name in headers if name.startswith(("x-amz", "amz-", "x-model"))]


def test_a_batch_of_openai_is_stopped(to: Callable[[str], Client], provider: BatchServer, batch: str) -> None:
    client = to("openai")
    provider.batches[batch].look()
    client.stop_model_invocation_job(jobIdentifier=batch)
    assert client.get_model_invocation_job(jobIdentifier=batch)["status"] in {"Stopping", "Stopped"}


def test_a_batch_that_is_over_is_not_stopped(
    to: Callable[[str], Client], provider: BatchServer, batch: str
) -> None:
    client = to("openai")
    assert ended(client, batch)["status"] == "Completed"
    refusal = refused(client.stop_model_invocation_job, batch)
    assert isinstance(refusal, client.exceptions.ValidationException)
    assert "State was: Completed" in str(refusal)


def test_batches_of_anthropic(to: Callable[[str], Client], providers: Providers) -> None:
    providers.anthropic.looks = 1
    batch = providers.anthropic.add(
        [{"custom_id": "a", "params": {"model": "claude", "messages": [{"content": "Hi"}]}}]
    )
    client = to("anthropic")
    assert client.get_model_invocation_job(jobIdentifier=batch.id)["status"] == "InProgress"
    job = client.get_model_invocation_job(jobIdentifier=batch.id)
    assert (job["status"], job["successRecordCount"]) == ("Completed", 1)
    # the provider refuses to cancel it, and how it stands is asked by the proxy itself
    assert "State was: Completed" in str(refused(client.stop_model_invocation_job, batch.id))
    *_, (_, _, headers) = providers.anthropic.seen
    assert headers["X-Api-Key"] == PROVIDER_KEY


@pytest.mark.parametrize("spelled", ["batches/{}", "{}"])
def test_batches_of_gemini(to: Callable[[str], Client], providers: Providers, spelled: str) -> None:
    made = httpx.post(
        f"{providers.gemini.url}/v1beta/models/gemini-2.5-flash-lite:batchGenerateContent",
        headers={"x-goog-api-key": PROVIDER_KEY},
        json={
            "batch": {
                "displayName": "theirs",
                "inputConfig": {
                    "requests": {
                        "requests": [
                            {
                                "request": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
                                "metadata": {"key": "a"},
                            }
                        ]
                    }
                },
            }
        },
    )
    name = made.json()["name"]
    client = to("gemini")
    job = client.get_model_invocation_job(jobIdentifier=spelled.format(name.removeprefix("batches/")))
    assert job["jobArn"].endswith(f":model-invocation-job/{name}")
    assert job["totalRecordCount"] == 1


@pytest.mark.parametrize(
    ("provider_name", "exception", "words"),
    [
        ("openai", "ResourceNotFoundException", "openai answered 404: "),
        ("anthropic", "ResourceNotFoundException", "anthropic answered 404: "),
        ("wrong", "AccessDeniedException", "wrong answered 401: "),
        ("keyless", "AccessDeniedException", "set NO_SUCH_KEY"),
        ("nobody", "ValidationException", "'nobody' is not a known provider"),
        ("dead", "ServiceUnavailableException", "dead cannot be reached at 127.0.0.1:9"),
    ],
)
def test_refusals_are_typed(
    regular: Callable[[str], Client], provider: BatchServer, provider_name: str, exception: str, words: str
) -> None:
    client = regular(provider_name)
    for call in (client.get_model_invocation_job, client.stop_model_invocation_job):
        refusal = refused(call, "batch_not_there")
        assert refusal.response["Error"]["Code"] == exception
        assert words in str(refusal)


def test_over_tls_the_provider_gets_the_key_and_nothing_of_the_caller(
    to: Callable[[str], Client], providers: Providers
) -> None:
    providers.secure.requests.clear()
    refused(to("secure").get_model_invocation_job, "batch_1")
    (request,) = providers.secure.requests
    lines = request.decode().split("\r\n")
    assert lines[0] == "GET /v1/batches/batch_1 HTTP/1.1"
    assert f"Authorization: Bearer {PROVIDER_KEY}" in lines
    assert f"Host: 127.0.0.1:{providers.secure.port}" in lines
    assert {line.partition(":")[0] for line in lines[1:] if line} == {
        *("Host", "Authorization", "Accept", "Accept-Encoding", "User-Agent")
    }


class OnlyHttp2(ssl.SSLContext):
    """httpx would rather speak HTTP/1.1."""

    @override
    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        super().set_alpn_protocols(["h2"])


def test_a_client_that_speaks_http_2_is_served_too(
    proxies: Mapping[Mode, Entrance], providers: Providers
) -> None:
    providers.secure.requests.clear()
    entrance = proxies["regular"]
    trusted = OnlyHttp2(ssl.PROTOCOL_TLS_CLIENT)
    trusted.load_verify_locations(entrance.bundle)
    with httpx.Client(http2=True, proxy=entrance.url, verify=trusted, trust_env=False) as client:
        answer = client.get(
            "https://bedrock.us-east-1.amazonaws.com/model-invocation-job/batch_1",
            headers={"x-model-provider": "secure"},
        )
    assert (answer.http_version, answer.headers["x-amzn-errortype"]) == (
        "HTTP/2",
        "ServiceUnavailableException",
    )
    (request,) = providers.secure.requests
    assert f"\r\nAuthorization: Bearer {PROVIDER_KEY}\r\n".encode() in request


def of_file(bucket: Bucket, file_id: str, **changes: Any) -> dict[str, Any]:
    """Arguments of a Create about a file that is at the provider."""
    tags = [{"key": "file_id", "value": file_id}, {"key": "endpoint", "value": "/v1/chat/completions"}]
    return bucket.request(bucket.uri("nothing/here.jsonl"), tags=tags, **changes)


@pytest.mark.parametrize("model", ["gpt-5.4-mini", CLAUDE])
def test_a_job_of_a_file_at_the_provider_comes_home(
    to: Callable[[str], Client], provider: BatchServer, bucket: Bucket, model: str
) -> None:
    client = to("openai")
    file = uploaded(provider, ["b", "a", "c"])
    arn = client.create_model_invocation_job(**of_file(bucket, file, modelId=model))["jobArn"]
    job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (3, 3, 3, 0))
    rows = bucket.rows(arn, "here.jsonl")
    assert [row["recordId"] for row in rows] == ["b", "a", "c"]
    assert {json.dumps(row["modelInput"]) for row in rows} == {json.dumps(LINE["body"])}
    for row in rows:
        answer = row["modelOutput"]
        text = answer["content"][0]["text"] if model == CLAUDE else answer["choices"][0]["message"]["content"]
        assert "Hi" in text
    assert bucket.manifest(arn)["successRecordCount"] == 3
    assert len(provider.batches) == 1
    (sent,) = (seen for seen in provider.seen if (seen.method, seen.path) == ("POST", "/v1/batches"))
    asked = json.loads(sent.body or b"")
    assert (asked["input_file_id"], asked["endpoint"]) == (file, "/v1/chat/completions")
    assert asked["metadata"] == {"bedrock_batch": f"{arn[-12:]}-0-0"}


def test_however_often_it_is_called_a_create_makes_one_batch(
    proxies: Mapping[Mode, Entrance], provider: BatchServer, bucket: Bucket
) -> None:
    faults = [Cut()]

    def cut_once(point: str, count: int) -> None:
        if point == "create:after" and faults:
            raise faults.pop()

    request = of_file(
        bucket, uploaded(provider, ["a"]), modelId="gpt-5.4-mini", clientRequestToken=uuid4().hex
    )
    provider.at = cut_once
    retries = {"total_max_attempts": 2, "mode": "standard"}
    with bedrock(proxies["regular"], provider="openai", retries=retries) as client:
        first = client.create_model_invocation_job(**request)
        assert first["ResponseMetadata"]["RetryAttempts"] == 1
        again = client.create_model_invocation_job(**request)
        assert again["jobArn"] == first["jobArn"]
        assert ended(client, first["jobArn"])["status"] == "Completed"
    assert len(provider.batches) == 1


@pytest.mark.parametrize(
    ("name", "endpoint", "words"),
    [
        ("openai", "/v1/unheard-of", "openai answered 400: "),
        ("anthropic", "/v1/messages", "'anthropic' makes no batches of files that are there already"),
    ],
)
def test_a_create_that_the_provider_refuses_is_refused(
    regular: Callable[[str], Client],
    provider: BatchServer,
    bucket: Bucket,
    name: str,
    endpoint: str,
    words: str,
) -> None:
    client = regular(name)
    request = of_file(bucket, uploaded(provider, ["a"]), modelId="claude-haiku-4-5")
    request["tags"][1]["value"] = endpoint
    with pytest.raises(client.exceptions.ValidationException, match=words):
        client.create_model_invocation_job(**request)
    assert provider.batches == {}


def test_a_stop_cancels_the_batch_of_a_file(
    regular: Callable[[str], Client], provider: BatchServer, bucket: Bucket
) -> None:
    provider.outcome = lambda number: Outcome(stalls_after=1)
    client = regular("openai")
    file = uploaded(provider, ["a", "b"])
    arn = client.create_model_invocation_job(**of_file(bucket, file, modelId="gpt-5.4-mini"))["jobArn"]
    when(client, arn, "InProgress", processed=1)
    client.stop_model_invocation_job(jobIdentifier=arn)
    assert ended(client, arn)["status"] == "Stopped"
    assert len(bucket.rows(arn, "here.jsonl")) == 1


def test_a_cut_connection_is_an_error_that_boto3_retries(
    proxy: Entrance, provider: BatchServer, batch: str
) -> None:
    faults = [Cut()]

    def cut_once(point: str, count: int) -> None:
        if point == "retrieve" and faults:
            raise faults.pop()

    provider.at = cut_once
    retries = {"total_max_attempts": 2, "mode": "standard"}
    with bedrock(proxy, provider="openai", on="*", retries=retries) as client:
        job = client.get_model_invocation_job(jobIdentifier=batch)
    assert job["ResponseMetadata"]["RetryAttempts"] == 1


def test_saved_flows_hold_both_sides_and_no_secret(
    proxies: Mapping[Mode, Entrance], provider: BatchServer, batch: str
) -> None:
    waiting, over = threading.Event(), threading.Event()

    def wait(point: str, count: int) -> None:
        if point == "cancel":
            waiting.set()
            over.wait(PATIENCE)

    def stop(client: Client) -> None:
        with pytest.raises((ClientError, BotoCoreError)):  # the proxy ends before it is answered
            client.stop_model_invocation_job(jobIdentifier=batch)

    process = proxies["regular"].process
    provider.at = wait
    with bedrock(proxies["regular"], provider="openai", on="*") as client:
        client.get_model_invocation_job(jobIdentifier=batch)
        stopping = threading.Thread(target=stop, args=(client,))
        stopping.start()
        assert waiting.wait(PATIENCE)
        process.stop()
        over.set()
        stopping.join(PATIENCE)
    assert list(leaks(process.folder)) == []
    with (process.folder / "flows").open("rb") as file:
        flows = [flow for flow in FlowReader(file).stream() if isinstance(flow, HTTPFlow)]
    flow, begun = (flow for flow in flows if f"/batches/{batch}" in flow.request.path)
    assert begun.request.path.endswith("/cancel")
    assert begun.request.headers["authorization"] == "Bearer ***"
    assert flow.request.url == f"{provider.url}/batches/{batch}"
    assert flow.request.headers["authorization"] == "Bearer ***"
    assert flow.response is not None
    assert json.loads(flow.response.content or b"")["jobArn"].endswith(batch)
    assert (flow.marked, flow.comment) == (":rocket:", f"→ openai, GetModelInvocationJob of {batch}")
    sides = flow.metadata["bedrock_batch"]
    assert sides["asked"] == f"GET /model-invocation-job/{batch}"
    assert json.loads(sides["answered"][1])["id"] == batch


def leaks(folder: Path) -> Iterator[tuple[str, str]]:
    """Every secret that stands in a file of the proxy's."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"proxy.log", "flows", "flows.har"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes()
        yield from ((str(path), secret) for secret in SECRETS if secret.encode() in content)
