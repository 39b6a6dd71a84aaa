"""Flows redirected to a provider, with Bedrock's responses."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from mitmproxy.connection import Server
from mitmproxy.http import Headers, HTTPFlow, Response
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.net.http.http1 import assemble
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from addon.providers.transport import Transport
from addon.proxy.provider_calls.provider_flows import RedactedHeaders
from tests.addon.proxy.proxying import AWS, CALLERS_KEY, SIGNATURE, Proxy, a_flow, a_proxy, config_file
from tests.translators.playing import ADDRESSES, STAGING, content_of, endpoint_of
from translators.providers.registry import PROVIDERS

RECORDINGS = Path(__file__).parents[4] / "recordings"
KEY = "test-key"
BATCH = {"id": "batch_1", "status": "in_progress", "created_at": 1767323045, "request_counts": None}

type Exchange = dict[str, Any]


def conversations(name: str) -> Iterator[tuple[str, str, str, list[Exchange], dict[str, Any]]]:
    """Provider, case, batch id, exchanges and ending of every recorded conversation of this name."""
    for folder in sorted(RECORDINGS.glob("*/*")):
        if not (folder / "exchange.json").exists() or folder.parent.name not in PROVIDERS:
            continue
        exchanges = json.loads((folder / "exchange.json").read_bytes())
        recorded = json.loads((folder / "meta.json").read_bytes())["conversations"]
        if [conversation["name"] for conversation in recorded] == [name]:
            arguments = recorded[0]["arguments"]
            yield folder.parent.name, folder.name, arguments["batch_id"], exchanges, recorded[0]


def each(cases: list[tuple[str, str, str, list[Exchange], dict[str, Any]]]) -> pytest.MarkDecorator:
    names = ("provider", "case", "batch_id", "exchanges", "conversation")
    return pytest.mark.parametrize(names, cases, ids=[f"{provider}/{case}" for provider, case, *_ in cases])


def stopped(conversation: dict[str, Any]) -> bool:
    return conversation.get("outcome", {}).get("state") in {"running", "cancelled"}


RETRIEVALS = list(conversations("retrieve"))
CANCELLATIONS = list(conversations("cancel"))


def test_every_provider_has_both() -> None:
    like_openai = {"azure", "groq"}  # which cancel as OpenAI does
    assert {provider for provider, *_ in RETRIEVALS} == set(PROVIDERS)
    assert {provider for provider, *_ in CANCELLATIONS} >= set(PROVIDERS) - like_openai


def environment(provider: str) -> dict[str, str]:
    """The key, and the parts of the address."""
    row = PROVIDERS[provider]
    return {
        row.key_variables[0]: KEY,
        "AZURE_OPENAI_ENDPOINT": ADDRESSES["azure"],
        "FIREWORKS_ACCOUNT_ID": "example",
        "GOOGLE_CLOUD_PROJECT": "our",
        "GOOGLE_CLOUD_LOCATION": "us-central1",
        "BEDROCK_BATCH_STAGING": STAGING["vertex"],
    }


def replaying(exchanges: list[Exchange]) -> Transport:
    """A transport that replays these exchanges."""
    left = iter(exchanges)

    def answer(request: httpx.Request) -> httpx.Response:
        exchange = next(left)
        assert (request.method, str(request.url)) == (
            exchange["request"]["method"],
            exchange["request"]["url"],
        )
        answered = exchange["response"]
        return httpx.Response(answered["status"], headers=answered["headers"], content=content_of(answered))

    return Transport(transport=httpx.MockTransport(answer))


def asked(
    provider: str, batch_id: str, *, stop: bool = False, headers: Mapping[str, str] | None = None
) -> HTTPFlow:
    path = f"/model-invocation-job/{quote(batch_id, safe='')}"
    carried = {
        "Host": AWS,
        "Authorization": SIGNATURE,
        "X-Amz-Security-Token": "the-session-token",
        "X-Amz-Date": "20260102T030405Z",
        "amz-sdk-invocation-id": "1",
        "x-model-provider": provider,
        **(headers or {}),
    }
    method, path = ("POST", f"{path}/stop") if stop else ("GET", path)
    return a_flow(method, path, headers=carried)


def answer(flow: HTTPFlow) -> Response:
    assert flow.response is not None
    return flow.response


async def answered(
    proxy: Proxy, flow: HTTPFlow, status: int, headers: Mapping[str, str], body: bytes
) -> Response:
    """Run the hooks of an answer's arrival; the response that the client gets."""
    flow.response = Response.make(status, body, dict(headers))
    proxy.addon.responseheaders(flow)
    await proxy.addon.response(flow)
    return answer(flow)


async def play(
    folder: Path, provider: str, batch_id: str, exchanges: list[Exchange], *, stop: bool
) -> Response:
    """The first exchange in the flow, the others by the transport."""
    first, *others = exchanges
    recorded, received = first["request"], first["response"]
    async with a_proxy(folder, environment=environment(provider), transport=replaying(others)) as proxy:
        flow = await proxy.request(asked(provider, batch_id, stop=stop))
        assert flow.response is None
        assert (flow.request.method, flow.request.url) == (recorded["method"], recorded["url"])
        _assert_only_the_providers(flow, provider, recorded)
        headers = dict(received["headers"])
        return await answered(proxy, flow, received["status"], headers, content_of(received))


def _assert_only_the_providers(flow: HTTPFlow, provider: str, recorded: Exchange) -> None:
    wire = assemble.assemble_request_head(flow.request).decode()  # type: ignore[no-untyped-call]  # mitmproxy's own
    endpoint = endpoint_of(provider)
    sent = {name.lower(): value for name, value in (line.split(": ", 1) for line in wire.split("\r\n")[1:-2])}
    expected = {name.lower(): value for name, value in {**endpoint.headers, **recorded["headers"]}.items()}
    assert expected.items() <= sent.items()
    assert sent["host"] == urlsplit(recorded["url"]).netloc
    assert not [name for name in sent if name.startswith(("x-amz", "amz-", "x-model"))]
    assert "AKIA" not in wire
    shown = str(flow.get_state())
    assert KEY not in shown
    assert "the-session-token" not in shown


@each([case for case in RETRIEVALS if "outcome" in case[-1]])
async def test_batch_of_a_provider_is_described_as_a_job(
    tmp_path: Path,
    provider: str,
    case: str,
    batch_id: str,
    exchanges: list[Exchange],
    conversation: dict[str, Any],
) -> None:
    response = await play(tmp_path, provider, batch_id, exchanges, stop=False)
    document = json.loads(response.content or b"")
    batch = conversation["outcome"]
    assert response.status_code == 200
    assert document["jobArn"].endswith(f":model-invocation-job/{batch['id']}")
    assert (document["successRecordCount"], document["errorRecordCount"]) == (
        batch["succeeded"],
        batch["failed"],
    )
    assert document["totalRecordCount"] == batch["total"]
    over = document["status"] in {"Completed", "Failed", "Stopped", "PartiallyCompleted", "Expired"}
    assert over == (batch["state"] != "running")
    assert {"modelId", "roleArn", "submitTime", "inputDataConfig", "outputDataConfig"} <= document.keys()


@each([case for case in RETRIEVALS if "error" in case[-1]])
async def test_the_error_of_a_retrieval_is_passed_on(
    tmp_path: Path,
    provider: str,
    case: str,
    batch_id: str,
    exchanges: list[Exchange],
    conversation: dict[str, Any],
) -> None:
    response = await play(tmp_path, provider, batch_id, exchanges, stop=False)
    document = json.loads(response.content or b"")
    error = conversation["error"]
    assert response.headers["x-amzn-ErrorType"] == document["__type"]
    assert document["message"] == f"{provider} answered {error['status']}: {error['message']}"


@each([case for case in CANCELLATIONS if stopped(case[-1])])
async def test_a_stop_cancels_the_batch(
    tmp_path: Path,
    provider: str,
    case: str,
    batch_id: str,
    exchanges: list[Exchange],
    conversation: dict[str, Any],
) -> None:
    response = await play(tmp_path, provider, batch_id, exchanges, stop=True)
    assert (response.status_code, response.content) == (200, b"")


@each([case for case in CANCELLATIONS if "error" in case[-1]])
async def test_the_error_of_a_cancellation_is_passed_on(
    tmp_path: Path,
    provider: str,
    case: str,
    batch_id: str,
    exchanges: list[Exchange],
    conversation: dict[str, Any],
) -> None:
    response = await play(tmp_path, provider, batch_id, exchanges, stop=True)
    assert response.status_code >= 400
    assert f"answered {conversation['error']['status']}" in json.loads(response.content or b"")["message"]


@each([case for case in CANCELLATIONS if "outcome" in case[-1] and not stopped(case[-1])])
async def test_a_batch_that_is_over_cannot_be_stopped(
    tmp_path: Path,
    provider: str,
    case: str,
    batch_id: str,
    exchanges: list[Exchange],
    conversation: dict[str, Any],
) -> None:
    response = await play(tmp_path, provider, batch_id, exchanges, stop=True)
    assert response.headers["x-amzn-ErrorType"] == "ValidationException"
    assert b"State was: " in (response.content or b"")


async def test_a_wrong_key_is_access_denied(tmp_path: Path) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(asked("openai", "batch_1"))
        body = {"error": {"message": "Incorrect API key provided: sk-of-the-proxy."}}
        refusal = await answered(proxy, flow, 401, {}, json.dumps(body).encode())
    assert (refusal.status_code, refusal.headers["x-amzn-ErrorType"]) == (403, "AccessDeniedException")
    assert flow.comment == "→ openai, GetModelInvocationJob of batch_1: AccessDeniedException"
    assert "sk-of-the-proxy" not in str(flow.metadata)


@pytest.mark.parametrize(
    ("status", "exception"),
    [
        (429, "ThrottlingException"),
        (500, "InternalServerException"),
        (503, "ServiceUnavailableException"),
        (302, "ValidationException"),
    ],
)
async def test_refusals_are_what_a_boto3_program_acts_on(tmp_path: Path, status: int, exception: str) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(asked("openai", "batch_1"))
        refusal = await answered(proxy, flow, status, {}, b"no JSON")
    assert refusal.headers["x-amzn-ErrorType"] == exception
    assert json.loads(refusal.content or b"")["message"] == f"openai answered {status}: no JSON"


async def test_compressed_and_chunked_answers_are_read_and_what_is_given_is_neither(tmp_path: Path) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(asked("openai", "batch_1"))
        flow.response = Response.make(200, b"", {"content-encoding": "gzip", "transfer-encoding": "chunked"})
        flow.response.content = json.dumps(BATCH).encode()
        flow.response.stream = True
        proxy.addon.responseheaders(flow)
        assert flow.response.stream is False
        await proxy.addon.response(flow)
    headers = answer(flow).headers
    assert json.loads(answer(flow).raw_content or b"")["status"] == "InProgress"
    assert {"content-encoding", "transfer-encoding"}.isdisjoint(name.lower() for name in headers)
    assert len(headers["x-amzn-RequestId"]) == 36


async def test_a_provider_that_takes_no_connection_is_unavailable(tmp_path: Path) -> None:
    async def refused(host: str, port: int) -> None:
        assert (host, port) == ("api.openai.com", 443)
        raise OSError("refused")

    async with a_proxy(tmp_path, connect=refused) as proxy:
        flow = await proxy.request(asked("openai", "batch_1"))
    assert answer(flow).headers["x-amzn-ErrorType"] == "ServiceUnavailableException"
    assert flow.request.headers["authorization"] == "AWS4-HMAC-SHA256 ***"
    assert flow.request.host == AWS


async def test_behind_another_proxy_no_connection_is_tried(tmp_path: Path) -> None:
    async def refused(host: str, port: int) -> None:
        raise OSError("refused")

    async with a_proxy(tmp_path, connect=refused) as proxy:
        flow = asked("openai", "batch_1")
        flow.server_conn.via = ("http", ("proxy.example.com", 3128))
        await proxy.request(flow)
    assert flow.response is None


async def test_a_second_request_that_is_not_answered_is_unavailable(tmp_path: Path) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(asked("openai", "batch_1", stop=True))
        refusal = await answered(proxy, flow, 409, {}, b"{}")  # how it stands would be asked now
    assert refusal.headers["x-amzn-ErrorType"] == "ServiceUnavailableException"


async def test_caller_key_is_used(tmp_path: Path) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(asked("openai", "batch_1", headers={"x-api-key": CALLERS_KEY}))
        assert f"Authorization: Bearer {CALLERS_KEY}".encode() in bytes(flow.request.headers)
        assert "x-api-key" not in flow.request.headers
        assert CALLERS_KEY not in str(flow.get_state())


async def test_error_that_repeats_the_key_is_redacted(tmp_path: Path) -> None:
    refusal = json.dumps({"error": {"message": f"no such key: {KEY}"}}).encode()
    async with a_proxy(tmp_path, environment={"OPENAI_API_KEY": KEY}) as proxy:
        flow = await proxy.request(asked("openai", "batch_1"))
        response = await answered(proxy, flow, 401, {}, refusal)
    assert "no such key: ***" in (response.text or "")
    assert KEY not in str(flow.get_state())


async def test_a_success_is_read_as_it_is_even_where_the_key_is_a_word_of_it(tmp_path: Path) -> None:
    async with a_proxy(tmp_path, environment={"OPENAI_API_KEY": "in_progress"}) as proxy:
        flow = await proxy.request(asked("openai", "batch_1"))
        response = await answered(proxy, flow, 200, {}, json.dumps(BATCH).encode())
    assert json.loads(response.text or "")["status"] == "InProgress"


@pytest.mark.parametrize(("received", "sent"), [("close", "close"), ("keep-alive", None)])
async def test_a_connection_that_the_client_wants_closed_will_be(
    tmp_path: Path, received: str, sent: str | None
) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(asked("openai", "batch_1", headers={"Connection": received}))
    assert flow.request.headers.get("connection") == sent


@pytest.mark.parametrize("key", ["a\r\nX: y", "ä"])
async def test_a_key_that_is_no_header_goes_nowhere(tmp_path: Path, key: str) -> None:
    async with a_proxy(tmp_path, environment={"OPENAI_API_KEY": key}) as proxy:
        flow = await proxy.request(asked("openai", "batch_1"))
    assert answer(flow).headers["x-amzn-ErrorType"] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("headers", "exception"),
    [
        ({"x-model-provider": "nobody"}, "ValidationException"),
        ({"x-model-provider": "azure"}, "AccessDeniedException"),
    ],
)
async def test_unknown_names_and_missing_keys_are_refused_as_at_create(
    tmp_path: Path, headers: dict[str, str], exception: str
) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(asked("openai", "batch_1", headers=headers))
    assert answer(flow).headers["x-amzn-ErrorType"] == exception


async def test_missing_address_is_an_error(tmp_path: Path) -> None:
    async with a_proxy(tmp_path, environment={"AZURE_OPENAI_API_KEY": KEY}) as proxy:
        flow = await proxy.request(asked("azure", "batch_1"))
    assert "set AZURE_OPENAI_ENDPOINT" in (answer(flow).text or "")


async def test_before_the_proxy_is_ready_a_native_batch_is_to_be_asked_for_again(tmp_path: Path) -> None:
    async with a_proxy(tmp_path, started=False) as proxy:
        flow = await proxy.request(asked("openai", "batch_1"))
    assert answer(flow).headers["x-amzn-ErrorType"] == "ServiceUnavailableException"


async def test_a_proxy_without_a_key_asks_without(tmp_path: Path) -> None:
    config = config_file(tmp_path, '[providers.local]\nkind = "openai"\nbase_url = "http://[::1]:11434/v1"\n')
    async with a_proxy(tmp_path, batch_config=config) as proxy:
        flow = await proxy.request(asked("local", "batch_1"))
    assert (flow.request.scheme, flow.request.host, flow.request.port) == ("http", "::1", 11434)
    assert flow.request.path == "/v1/batches/batch_1"
    assert "authorization" not in flow.request.headers


async def test_redirected_flow_uses_http_1(tmp_path: Path) -> None:
    def opened(flow: HTTPFlow, address: tuple[str, int]) -> Server:
        server = Server(address=address)
        proxy.addon.server_connect(ServerConnectionHookData(server, flow.client_conn))
        return server

    async with a_proxy(tmp_path) as proxy:
        flow, other = await proxy.request(asked("openai", "batch_1")), a_flow("GET", "/")
        assert opened(flow, ("api.openai.com", 443)).alpn_offers == (b"http/1.1",)
        assert opened(flow, ("bedrock.us-east-1.amazonaws.com", 443)).alpn_offers == ()
        assert opened(other, ("api.openai.com", 443)).alpn_offers == ()
        await answered(proxy, flow, 200, {}, json.dumps(BATCH).encode())
        assert opened(flow, ("api.openai.com", 443)).alpn_offers == ()


async def _failed(proxy: Proxy, flow: HTTPFlow) -> None:
    await proxy.addon.error(flow)


async def _answering(proxy: Proxy, flow: HTTPFlow) -> None:
    flow.response = Response.make(200, b"")
    proxy.addon.responseheaders(flow)


@pytest.mark.parametrize("happens", [_failed, _answering])
async def test_the_key_is_forgotten_when_it_is_not_needed_any_more(
    tmp_path: Path, happens: Callable[[Proxy, HTTPFlow], Awaitable[None]]
) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(asked("openai", "batch_1"))
        assert b"sk-of-the-proxy" in bytes(flow.request.headers)
        await happens(proxy, flow)
        assert b"sk-of-the-proxy" not in bytes(flow.request.headers)
        await _failed(proxy, flow)  # also when nothing is under way any more


async def test_an_answer_that_was_streamed_is_left_as_it_went(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(asked("openai", "batch_1"))
        flow.response = Response.make(200, b"")
        flow.response.raw_content = None
        await proxy.addon.response(flow)
    assert "stream_large_bodies let an answer of openai through" in caplog.text


def test_a_key_is_on_the_wire_and_in_no_copy_state_or_file(tmp_path: Path) -> None:
    headers = RedactedHeaders.of(
        httpx.Headers({"Host": "h", "Authorization": "Bearer secret", "X-Key": "secret"}),
        {"authorization": "Bearer secret", "X-Key": "secret"},
    )
    flow = a_flow("GET", "/")
    flow.request.headers = headers
    assert bytes(headers) == b"Host: h\r\nAuthorization: Bearer secret\r\nX-Key: secret\r\n"
    with (tmp_path / "flows").open("wb") as file:
        FlowWriter(file).add(flow)  # type: ignore[no-untyped-call]  # the same
    with (tmp_path / "flows").open("rb") as file:
        (read,) = FlowReader(file).stream()
    assert isinstance(read, HTTPFlow)
    for shown in (headers.copy(), flow.request.copy().headers, read.request.headers, Headers(headers.fields)):
        assert bytes(shown) == b"Host: h\r\nAuthorization: Bearer ***\r\nX-Key: ***\r\n"
    assert b"secret" not in (tmp_path / "flows").read_bytes()
