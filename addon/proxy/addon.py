"""The mitmproxy addon: which flows are answered here, and what stands in for Bedrock while it runs."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from uuid import uuid4

import orjson
from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError
from mitmproxy.proxy.mode_specs import ReverseMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from addon.proxy import list_merging, options, services
from addon.proxy.admission import Caller
from addon.proxy.caller_keys import UnreadableKey, brought_key, mask
from addon.proxy.operations import Operations
from addon.proxy.options import BadOption, Settings
from addon.proxy.provider_selection import LeftToBedrock
from addon.proxy.routing import (
    BEDROCK,
    PREFIX,
    TAG_OPERATIONS,
    Matched,
    Operation,
    file_in,
    host_of,
    native_batch,
    operation_of,
    providers_of,
    region_of,
    tagged_resource,
)
from addon.proxy.services import CannotStart, Services
from addon.proxy.sigv4 import NoCredentials, Resigner
from translators.bedrock.jobs import AwsError, ProviderFile, job_identifier

logger = logging.getLogger(__name__)

DRAIN = 10.0
"""Seconds that calls under way have to be answered when the proxy ends."""
MARK = ":rocket:"
REMEMBERED = 100_000
"""Jobs known to be minted here without asking the database."""

type Start = Callable[[Settings, set[tuple[str, int]]], Awaitable[Services]]


class BedrockBatch:
    """Answers Bedrock's batch operations for requests that name another provider."""

    name = "bedrock_batch"

    def __init__(self, start: Start = services.start) -> None:
        self._start = start
        self._settings = Settings()
        self._services: Services | None = None
        self._ending = False
        self._under_way: set[asyncio.Task[object]] = set()
        self._minted: dict[str, tuple[str, ...]] = {}
        self._resigner = Resigner()

    def load(self, loader: Loader) -> None:
        options.declare(loader)
        try:
            loader.master.options.process_deferred()
        except OptionsError as error:
            # as a script we would be dropped without a word, and every routed job would go to AWS
            logger.error("bedrock-batch cannot start: %s", error)

    def configure(self, updated: set[str]) -> None:
        if updated.isdisjoint(options.NAMES):
            return
        try:
            settings = options.read(ctx.options)
            if self._services is not None:
                settings.check_change(self._settings)
        except BadOption as error:
            raise OptionsError(str(error)) from None  # type: ignore[no-untyped-call]  # mitmproxy's own
        self._settings = settings

    async def running(self) -> None:
        try:
            options.check_names(ctx.options.deferred)
            self._settings = options.read(ctx.options)
            self._services = await self._start(self._settings, _own_addresses())
        except (BadOption, CannotStart) as error:
            # mitmproxy ends with 1 when something logs an error while it starts
            logger.error("bedrock-batch cannot start: %s", error)

    async def done(self) -> None:
        self._ending = True
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=DRAIN)
        if self._services is not None:
            await self._services.close()
            self._services = None

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        self._cut_off_streamed_create(flow)

    def server_connect(self, data: ServerConnectionHookData) -> None:
        if self._services is not None:
            self._services.rewriter.connect(data)

    async def request(self, flow: http.HTTPFlow) -> None:
        if flow.response is not None or not flow.live:
            return  # refused by proxyauth, answered by another addon, or read from a file
        await self._guarded(flow, self._serve)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if self._services is not None:
            self._services.rewriter.began(flow)

    async def error(self, flow: http.HTTPFlow) -> None:
        if self._services is not None:
            await self._services.rewriter.forget(flow)

    async def response(self, flow: http.HTTPFlow) -> None:
        if self._services is not None and self._services.rewriter.knows(flow):
            await self._guarded(flow, self._services.rewriter.finish)
            return
        if not self._settings.merge_lists or not flow.live:
            return
        matched = self._operation(flow)
        if matched is None or matched.operation is not Operation.LIST:
            return
        try:
            await self._merge(flow)
        except list_merging.NotAList as error:
            logger.warning("No routed jobs were appended: %s", error)
        except Exception:
            # AWS's own answer is better than none
            logger.exception("Routed jobs are missing from a list")

    async def _guarded(self, flow: http.HTTPFlow, work: Callable[[http.HTTPFlow], Awaitable[None]]) -> None:
        """Do what makes a flow's answer; whatever goes wrong becomes one of AWS's errors."""
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            await work(flow)
        except AwsError as refusal:
            _refuse(flow, refusal)
        except Exception:
            # one that left this hook would send the job on to Bedrock, and bill it there
            logger.exception("Answering %s %s failed", flow.request.method, flow.request.path)
            _refuse(flow, AwsError("InternalServerException", "The proxy failed. Its log says why."))
        finally:
            self._under_way.discard(task)

    def _operation(self, flow: http.HTTPFlow) -> Matched | None:
        return operation_of(flow.request, flow.client_conn.proxy_mode, self._settings.hosts)

    async def _serve(self, flow: http.HTTPFlow) -> None:
        matched = self._operation(flow)
        if matched is None or (flow.request.stream and self._cut_off_streamed_create(flow)):
            return
        if matched.operation in TAG_OPERATIONS:
            matched = Matched(matched.operation, tagged_resource(_body(flow.request)))
        providers = await self._providers(flow.request, matched)
        if providers is None:
            if (native := native_batch(flow.request, matched, self._settings.config)) is not None:
                await self._rewrite(flow, matched.operation, *native)
            else:
                await self._pass_on(flow, matched.operation)
            return
        flow.marked = MARK
        flow.comment = f"→ {', '.join(providers)}"
        caller = self._caller(flow, providers, with_key=matched.operation is Operation.CREATE)
        if matched.operation is Operation.CREATE and (file := file_in(_body(flow.request))) is not None:
            mask(flow.request.headers)
            await self._create_of_file(flow, caller, file)
            return
        as_sent = flow.request.headers.copy()
        mask(flow.request.headers)  # before anything is awaited: a client that leaves has its flow saved too
        try:
            answer = await _answer(self._ready().operations, flow.request, matched, caller)
        except LeftToBedrock as refusals:
            logger.warning("Left to Bedrock: %s", refusals)
            flow.comment = f"→ {BEDROCK}: {refusals}"
            flow.request.headers = as_sent
            await self._pass_on(flow, matched.operation)
            return
        job = matched.identifier or _created(matched.operation, answer)
        if job:
            flow.comment += f", job {job[-12:]}"
            self._remember(job, providers)
        headers = {"content-type": "application/json", "x-amzn-RequestId": str(uuid4())}
        flow.response = http.Response.make(200, answer, headers)

    async def _create_of_file(self, flow: http.HTTPFlow, caller: Caller, file: ProviderFile) -> None:
        """Have mitmproxy make the batch itself, of a file that the provider has."""
        services = self._ready()
        job, call = await services.file_jobs.create(_body(flow.request), caller, file)
        flow.comment = f"→ {caller.provider}, job {job.id}"
        self._remember(job.arn, (caller.provider,))
        if call is None:
            document = orjson.dumps({"jobArn": job.arn})
            headers = {"content-type": "application/json", "x-amzn-RequestId": str(uuid4())}
            flow.response = http.Response.make(200, document, headers)
        else:
            await services.rewriter.begin(flow, call)

    async def _rewrite(self, flow: http.HTTPFlow, operation: Operation, provider: str, batch_id: str) -> None:
        """Have mitmproxy ask the provider itself, about a batch that was not made here."""
        flow.marked = MARK
        flow.comment = f"→ {provider}, {operation} of {batch_id}"
        services = self._ready()
        caller = self._caller(flow, (provider,))
        mask(flow.request.headers)  # before anything is awaited, as in `_serve`
        ask = services.native.get if operation is Operation.GET else services.native.stop
        await services.rewriter.begin(flow, await ask(batch_id, caller))

    async def _providers(self, request: http.Request, matched: Matched) -> tuple[str, ...] | None:
        """Where an operation goes; None for AWS. A job's id decides alone, whatever the header says."""
        if matched.operation in {Operation.CREATE, Operation.LIST}:
            return providers_of(request, self._settings.provider, self._settings.config)
        if matched.identifier in self._minted:
            return self._minted[matched.identifier]
        if self._services is not None:
            provider = await self._services.operations.provider_of(matched.identifier)
            return None if provider is None else (provider,)
        if _may_be_minted(matched.identifier):
            self._ready()
        return None

    def _remember(self, job: str, providers: tuple[str, ...]) -> None:
        """Spare the programs that poll a look into the database: what was minted here stays so."""
        if len(self._minted) >= REMEMBERED:
            self._minted.clear()
        self._minted[job] = providers

    def _ready(self) -> Services:
        if self._services is None or self._ending:
            raise AwsError("ServiceUnavailableException", "The proxy is starting or ending. Try again.")
        return self._services

    def _caller(self, flow: http.HTTPFlow, providers: tuple[str, ...], *, with_key: bool = True) -> Caller:
        host = host_of(flow.request, flow.client_conn.proxy_mode)
        try:
            key = brought_key(flow.request.headers) if with_key else None
        except UnreadableKey as error:
            raise AwsError("AccessDeniedException", str(error)) from error
        provider, *fallbacks = providers
        region = region_of(flow.request, host, _default_region())
        return Caller(provider=provider, fallbacks=tuple(fallbacks), region=region, key=key)

    async def _pass_on(self, flow: http.HTTPFlow, operation: Operation) -> None:
        """Leave the flow alone, unless an option says otherwise."""
        if self._settings.merge_lists and operation is Operation.LIST:
            self._ready()  # else AWS's list would come back without the routed jobs
        mode = flow.client_conn.proxy_mode
        below_prefix = flow.request.path.startswith(f"{PREFIX}/")
        if self._settings.resign and (below_prefix or isinstance(mode, ReverseMode)):
            region = region_of(flow.request, host_of(flow.request, mode), _default_region())
            try:
                await self._resigner.resign(flow.request, region)
            except NoCredentials as error:
                raise AwsError("AccessDeniedException", str(error)) from error

    async def _merge(self, flow: http.HTTPFlow) -> None:
        settings, response = self._settings, flow.response
        if response is None or response.status_code != 200:
            return
        if providers_of(flow.request, settings.provider, settings.config) is not None:
            return  # our own answer
        operations = self._ready().operations

        async def list_jobs(provider: str, query: Mapping[str, str]) -> bytes:
            return await operations.list(query, Caller(provider=provider, region=""))

        query = dict(flow.request.query)
        content = await list_merging.merged(
            response.content or b"", query, settings.config.known_providers, list_jobs
        )
        if content is not None:
            response.content = content

    def _cut_off_streamed_create(self, flow: http.HTTPFlow) -> bool:
        """A streamed body goes to AWS while it arrives: a routed Create must not."""
        if not (flow.request.stream or "transfer-encoding" in flow.request.headers) or not flow.killable:
            return False
        if not self._is_routed_create(flow):
            return False
        # a body of unknown size starts to be streamed when it has grown, and no hook is asked then
        if not flow.request.stream and not ctx.options.stream_large_bodies:
            return False
        flow.kill()  # type: ignore[no-untyped-call]  # mitmproxy's own
        logger.error("A Create was cut off: stream_large_bodies would have sent it on to AWS unanswered")
        return True

    def _is_routed_create(self, flow: http.HTTPFlow) -> bool:
        matched = self._operation(flow)
        if matched is None or matched.operation is not Operation.CREATE:
            return False
        try:
            return providers_of(flow.request, self._settings.provider, self._settings.config) is not None
        except AwsError:
            return True  # a provider that nobody knows is not AWS either


async def _answer(operations: Operations, request: http.Request, matched: Matched, caller: Caller) -> bytes:
    match matched.operation:
        case Operation.CREATE:
            return await operations.create(_body(request), caller)
        case Operation.LIST:
            return await operations.list(dict(request.query), caller)
        case Operation.GET:
            return await operations.get(matched.identifier)
        case Operation.STOP:
            return await operations.stop(matched.identifier)
        case Operation.TAG:
            return await operations.tag(_body(request))
        case Operation.UNTAG:
            return await operations.untag(_body(request))
        case Operation.LIST_TAGS:
            return await operations.list_tags(_body(request))


def _refuse(flow: http.HTTPFlow, error: AwsError) -> None:
    mask(flow.request.headers)
    flow.marked = MARK
    flow.comment = f"{flow.comment or 'refused'}: {error.error_type}"
    flow.response = http.Response.make(error.status, error.body(), error.headers(str(uuid4())))


def _body(request: http.Request) -> bytes:
    """Decompressed where it can be; no more than that is done to a request that may not be ours."""
    return request.get_content(strict=False) or b""


def _created(operation: Operation, answer: bytes) -> str:
    return str(orjson.loads(answer)["jobArn"]) if operation is Operation.CREATE else ""


def _may_be_minted(identifier: str) -> bool:
    try:
        job_identifier(identifier)
    except AwsError:
        return False
    return True


def _default_region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def _own_addresses() -> set[tuple[str, int]]:
    """Where this proxy listens, so that our own calls never come in there."""
    server = ctx.master.addons.get("proxyserver")  # type: ignore[no-untyped-call]  # the same
    return {(address[0], address[1]) for address in server.listen_addrs()} if server is not None else set()
