"""mitmproxy's own test helpers, wrapped in one place because its docs call them unstable."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx
import orjson
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.addons.view import View
from mitmproxy.connection import Client
from mitmproxy.http import Headers, HTTPFlow
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons, tflow, tutils

from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.store import Store
from addon.jobs.database.tables import utc_now
from addon.jobs.key_vault import KeyVault
from addon.jobs.records.reader import RecordReader
from addon.jobs.resources import Resources
from addon.providers.transport import Transport
from addon.proxy.addon import BedrockBatch, Start
from addon.proxy.admission import Admission
from addon.proxy.operations import JobRunner, Operations
from addon.proxy.options import Settings
from addon.proxy.provider_calls.native_batches import NativeBatches
from addon.proxy.provider_calls.provider_file_jobs import ProviderFileJobs
from addon.proxy.provider_calls.provider_flows import Connect, ProviderFlows
from addon.proxy.services import Records, Services
from addon.storage.calls import Observer
from addon.storage.s3 import S3
from translators.providers.conversation import Endpoint
from translators.providers.provider import Provider

AWS = "bedrock.us-east-1.amazonaws.com"
CALLERS_KEY = "sk-of-the-caller"
SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260102/eu-west-1/bedrock/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=0123456789abcdef"
)
CREATE = {
    "jobName": "my-job",
    "roleArn": "arn:aws:iam::123456789012:role/r",
    "modelId": "gpt-5.4-mini",
    "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://in-bucket/in.jsonl"}},
    "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://out-bucket/out/"}},
}


def a_flow(
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: object = None,
    host: str = AWS,
    port: int = 443,
    mode: str = "regular",
) -> HTTPFlow:
    """A live flow without an answer; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    request = tutils.treq(
        method=method.encode(),
        scheme=b"https",
        host=host,
        port=port,
        path=path.encode(),
        authority=b"",
        headers=Headers([(name.encode(), value.encode()) for name, value in (headers or {}).items()]),
        content=content,
    )
    client: Client = tflow.tclient_conn()
    client.proxy_mode = ProxyMode.parse(mode)
    return tflow.tflow(client_conn=client, req=request, live=True)


def a_create(headers: Mapping[str, str] | None = None, mode: str = "regular", **members: object) -> HTTPFlow:
    return a_flow("POST", "/model-invocation-job", headers=headers, body={**CREATE, **members}, mode=mode)


@dataclass
class RecordingRunner:
    """A job runner that only records the jobs it gets."""

    jobs: list[str] = field(default_factory=list)
    nudged: list[str] = field(default_factory=list)

    async def submit(self, job_id: str) -> None:
        self.jobs.append(job_id)

    def nudge(self, job_id: str) -> None:
        self.nudged.append(job_id)


@dataclass
class Proxy:
    """The addon in a proxy, with a fake job runner and transport."""

    addon: BedrockBatch
    context: taddons.context
    runner: RecordingRunner
    stores: list[Store]
    """One per start."""

    async def request(self, flow: HTTPFlow) -> HTTPFlow:
        """Run the hooks of a request."""
        self.addon.requestheaders(flow)
        await self.addon.request(flow)
        return flow

    def set(self, **options: object) -> None:
        self.context.configure(self.addon, **options)  # type: ignore[no-untyped-call]  # mitmproxy's own


async def nobody_refuses(provider: Provider, endpoint: Endpoint) -> None:
    """A probe of providers that work."""


def _no_answer(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


async def accepts_connections(host: str, port: int) -> None:
    """Accepts every connection."""


def starting(
    folder: Path,
    runner: JobRunner,
    stores: list[Store],
    environment: Mapping[str, str],
    transport: Transport | None = None,
    connect: Connect = accepts_connections,
    records: Records | None = None,
) -> Start:
    async def start(settings: Settings, own: set[tuple[str, int]]) -> Services:
        opened = Store(f"sqlite:///{folder / 'jobs.db'}")
        stores.append(opened)
        store = AsyncStore(opened)
        keys = KeyVault(folder, {})
        calls = transport or Transport(transport=httpx.MockTransport(_no_answer))

        def observe(observer: Observer | None) -> None:
            calls.observer = observer

        admission = Admission(config=settings.config, environment=environment)
        operations = Operations(admission, store, runner, keys, utc_now, probe=nobody_refuses)
        resources = Resources(
            config=settings.config,
            executor="here",
            store=store,
            keys=keys,
            s3=S3(settings.config.s3),
            transport=calls,
            poll_interval=1.0,
            workers=anyio.CapacityLimiter(1),
        )
        return Services(
            operations=operations,
            provider_file_jobs=ProviderFileJobs(
                admission, operations, store, runner, utc_now, executor="here", limit=60
            ),
            native_batches=NativeBatches(admission),
            provider_flows=ProviderFlows(calls, connect),
            close=store.close,
            config=settings.config,
            store=store,
            s3=resources.s3,
            observe=observe,
            records=records or RecordReader(resources),
            dashboard=None,
        )

    return start


@asynccontextmanager
async def a_proxy(
    folder: Path,
    *,
    started: bool = True,
    environment: Mapping[str, str] | None = None,
    runner: JobRunner | None = None,
    transport: Transport | None = None,
    connect: Connect = accepts_connections,
    wrap: Callable[[Start], Start] = lambda start: start,
    view: View | None = None,
    records: Records | None = None,
    **options: object,
) -> AsyncIterator[Proxy]:
    """The addon with these options, ended on exit. The environment has the provider's key.

    `view`: the list of flows that an interface has; `records`: reads records.
    """
    recording, stores = RecordingRunner(), list[Store]()
    known = {"OPENAI_API_KEY": "sk-of-the-proxy"} if environment is None else environment
    start = starting(folder, runner or recording, stores, known, transport, connect, records)
    addon = BedrockBatch(wrap(start))
    others = () if view is None else (view,)
    with taddons.context(Proxyserver(), *others, addon) as context:  # type: ignore[no-untyped-call]  # mitmproxy's own
        proxy = Proxy(addon, context, recording, stores)
        proxy.set(**options)
        if started:
            await addon.running()
        try:
            yield proxy
        finally:
            await addon.done()


def config_file(folder: Path, text: str) -> str:
    path = folder / "bedrock-batch.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)
