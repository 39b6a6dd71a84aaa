"""The mitmproxy addon: responds to Bedrock's batch operations for other providers."""

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

from addon.jobs.outages import is_database_away
from addon.proxy import list_merging, options, services, streaming
from addon.proxy.admission import Caller
from addon.proxy.caller_keys import UnreadableKey, caller_key, redact
from addon.proxy.commands import BatchCommands
from addon.proxy.operations import Operations
from addon.proxy.options import BadOption, Settings
from addon.proxy.provider_calls.provider_flows import json_response
from addon.proxy.provider_selection import FallbackToBedrock
from addon.proxy.routing import (
    PREFIX,
    TAG_OPERATIONS,
    Matched,
    Operation,
    file_of_create,
    host_of,
    native_batch,
    operation_of,
    providers_of,
    region_of,
    tagged_resource,
)
from addon.proxy.services import CannotStart, Services
from addon.proxy.sigv4 import NoCredentials, Resigner
from addon.web.flows import routed_flows
from addon.web.flows.kept_flows import KeptFlows
from addon.web.flows.shown_flows import ShownFlows, call_for
from addon.web.views.registration import ContentViews
from translators.bedrock.jobs import AwsError, ProviderFile, job_identifier

logger = logging.getLogger(__name__)

_DATABASE_AWAY = AwsError("ServiceUnavailableException", "The job database does not answer. Try again.")

DRAIN = 10.0
"""Seconds that requests in progress get when the proxy ends."""
MAX_CACHED_JOBS = 100_000

type Start = Callable[[Settings, set[tuple[str, int]]], Awaitable[Services]]


class BedrockBatch:
    """Responds to batch operations that name a provider other than Bedrock; other flows pass unchanged."""

    name = "bedrock_batch"

    def __init__(self, start: Start = services.start, *, watched: bool = False) -> None:
        """`watched`: the interface keeps flows, for people to look at."""
        self._start = start
        self._watched = watched
        self.shown = ShownFlows()
        commands = BatchCommands(lambda: self._services, self.shown)
        self.addons = (self.shown, commands, KeptFlows(), ContentViews())
        self._settings = Settings()
        self._services: Services | None = None
        self._ending = False
        self._in_progress: set[asyncio.Task[object]] = set()
        self._job_providers: dict[str, tuple[str, ...]] = {}
        """Cache: id or ARN of a job → its providers, so that polling skips the database."""
        self._resigner = Resigner()

    def load(self, loader: Loader) -> None:
        options.declare(loader, watched=self._watched)
        try:
            loader.master.options.process_deferred()
        except OptionsError as error:
            # raised here, mitmproxy would drop a script silently and send every routed job to AWS
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
        self.shown.show_calls(settings.show_calls)

    async def running(self) -> None:
        try:
            options.check_names(ctx.options.deferred)
            self._settings = options.read(ctx.options)
            self.shown.show_calls(self._settings.show_calls)
            own = own_addresses()
            self._resigner = Resigner(own)
            self._services = await self._start(self._settings, own)
            await self.shown.start(self._services.store, self._services.observe)
        except (BadOption, CannotStart) as error:
            # an error that is logged during the start makes mitmproxy exit with 1
            logger.error("bedrock-batch cannot start: %s", error)

    async def done(self) -> None:
        self._ending = True
        if self._in_progress:
            await asyncio.wait(self._in_progress, timeout=DRAIN)
        await self.shown.close()
        if self._services is not None:
            await self._services.close()
            self._services = None

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if not self._kill_streamed_create(flow) and flow.live and self._operation(flow) is None:
            streaming.stream_request(flow, ctx.options)

    def server_connect(self, data: ServerConnectionHookData) -> None:
        if self._services is not None:
            self._services.provider_flows.server_connect(data)

    async def request(self, flow: http.HTTPFlow) -> None:
        if flow.response is not None or not flow.live:
            return  # proxyauth or another addon responded, or the flow was read from a file
        await self._guarded(flow, self._route)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if self._services is not None and flow in self._services.provider_flows:
            self._services.provider_flows.responseheaders(flow)
        elif flow.live and self._operation(flow) is None:
            streaming.stream_response(flow, ctx.options)

    async def error(self, flow: http.HTTPFlow) -> None:
        if self._services is not None:
            await self._services.provider_flows.error(flow)

    async def response(self, flow: http.HTTPFlow) -> None:
        self._resigner.check(flow)
        if self._services is not None and flow in self._services.provider_flows:
            call_for(flow)
            await self._guarded(flow, self._services.provider_flows.response)
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
            # AWS's own list is better than an error
            logger.exception("Routed jobs are missing from a list")

    async def _guarded(self, flow: http.HTTPFlow, handle: Callable[[http.HTTPFlow], Awaitable[None]]) -> None:
        """Run a handler and turn its exceptions into AWS errors."""
        task = asyncio.current_task()
        assert task is not None
        self._in_progress.add(task)
        try:
            await handle(flow)
        except AwsError as error:
            _set_error(flow, error)
        except Exception as error:
            # an exception that left this hook would send the job on to Bedrock, and bill it there
            if is_database_away(error):
                logger.error("The job database does not answer: %s", type(error).__name__)
                _set_error(flow, _DATABASE_AWAY)
            else:
                logger.exception("Answering %s %s failed", flow.request.method, flow.request.path)
                _set_error(flow, AwsError("InternalServerException", "The proxy failed. Its log says why."))
        finally:
            self._in_progress.discard(task)

    def _operation(self, flow: http.HTTPFlow) -> Matched | None:
        return operation_of(flow.request, flow.client_conn.proxy_mode, self._settings.hosts)

    async def _route(self, flow: http.HTTPFlow) -> None:
        matched = self._operation(flow)
        if matched is None or (flow.request.stream and self._kill_streamed_create(flow)):
            return
        if matched.operation in TAG_OPERATIONS:
            matched = Matched(matched.operation, tagged_resource(_body(flow.request)))
        providers = await self._providers(flow.request, matched)
        if providers is not None:
            await self._respond(flow, matched, providers)
        elif (native := native_batch(flow.request, matched, self._settings.config)) is not None:
            await self._redirect_native(flow, matched.operation, *native)
        else:
            await self._pass_on(flow, matched.operation)

    async def _respond(self, flow: http.HTTPFlow, matched: Matched, providers: tuple[str, ...]) -> None:
        """Respond to an operation on jobs of this proxy."""
        routed_flows.begin(flow, matched.operation, providers, matched.identifier)
        is_create = matched.operation is Operation.CREATE
        caller = self._caller(flow, providers, with_key=is_create)
        as_sent = flow.request.headers.copy()
        redact(flow.request.headers)  # before the first await: the flow is saved if the client disconnects
        if is_create and (file := file_of_create(_body(flow.request))) is not None:
            await self._create_from_file(flow, caller, file)
            return
        try:
            document = await _document(self._ready().operations, flow.request, matched, caller)
        except FallbackToBedrock as refusals:
            logger.warning("Left to Bedrock: %s", refusals)
            routed_flows.leave_to_bedrock(flow, str(refusals))
            flow.request.headers = as_sent
            await self._pass_on(flow, matched.operation)
            return
        job = str(orjson.loads(document)["jobArn"]) if is_create else matched.identifier
        if job:
            routed_flows.name_job(flow, job)
            self._cache(job, providers)
        if matched.operation is Operation.GET:
            routed_flows.show_status(flow, document)
        elif matched.operation in {Operation.CREATE, Operation.STOP}:
            self.shown.follow(job[-12:], flow)
        flow.response = json_response(document)

    async def _create_from_file(self, flow: http.HTTPFlow, caller: Caller, file: ProviderFile) -> None:
        """Create a job for a file at the provider, with the provider's create call in this flow."""
        services = self._ready()
        job, call = await services.provider_file_jobs.create(_body(flow.request), caller, file)
        routed_flows.name_job(flow, job.id)
        self._cache(job.arn, (caller.provider,))
        self.shown.follow(job.id, flow)
        if call is None:
            flow.response = json_response(orjson.dumps({"jobArn": job.arn}))
        else:
            await services.provider_flows.redirect(flow, call)

    async def _redirect_native(
        self, flow: http.HTTPFlow, operation: Operation, provider: str, batch_id: str
    ) -> None:
        """Turn a Get or Stop of a batch created outside this proxy into the provider's call."""
        routed_flows.begin_native(flow, operation, provider, batch_id)
        services = self._ready()
        caller = self._caller(flow, (provider,))
        redact(flow.request.headers)  # before the first await, as in `_respond`
        native = services.native_batches
        call = native.get if operation is Operation.GET else native.stop
        await services.provider_flows.redirect(flow, await call(batch_id, caller))

    async def _providers(self, request: http.Request, matched: Matched) -> tuple[str, ...] | None:
        """The providers of an operation; None for AWS. A job's id overrides the header."""
        if matched.operation in {Operation.CREATE, Operation.LIST}:
            return providers_of(request, self._settings.provider, self._settings.config)
        if matched.identifier in self._job_providers:
            return self._job_providers[matched.identifier]
        if self._services is not None:
            provider = await self._services.operations.provider_of(matched.identifier)
            return None if provider is None else (provider,)
        if _is_job_identifier(matched.identifier):
            self._ready()  # raises: whether the job is AWS's is unknown until the database is open
        return None

    def _cache(self, job: str, providers: tuple[str, ...]) -> None:
        if len(self._job_providers) >= MAX_CACHED_JOBS:
            self._job_providers.clear()
        self._job_providers[job] = providers

    def _ready(self) -> Services:
        if self._services is None or self._ending:
            raise AwsError("ServiceUnavailableException", "The proxy is starting or ending. Try again.")
        return self._services

    def _caller(self, flow: http.HTTPFlow, providers: tuple[str, ...], *, with_key: bool = True) -> Caller:
        host = host_of(flow.request, flow.client_conn.proxy_mode)
        try:
            key = caller_key(flow.request.headers) if with_key else None
        except UnreadableKey as error:
            raise AwsError("AccessDeniedException", str(error)) from error
        provider, *fallbacks = providers
        region = region_of(flow.request, host, default_region())
        return Caller(provider=provider, fallbacks=tuple(fallbacks), region=region, key=key)

    async def _pass_on(self, flow: http.HTTPFlow, operation: Operation) -> None:
        """Leave the flow to AWS, signed again if `batch_resign` is set."""
        if self._settings.merge_lists and operation is Operation.LIST:
            self._ready()  # raises: AWS's list would lack the routed jobs
        mode = flow.client_conn.proxy_mode
        below_prefix = flow.request.path.startswith(f"{PREFIX}/")
        if self._settings.resign and (below_prefix or isinstance(mode, ReverseMode)):
            try:
                await self._resigner.resign(flow, default_region())
            except NoCredentials as error:
                raise AwsError("AccessDeniedException", str(error)) from error

    async def _merge(self, flow: http.HTTPFlow) -> None:
        settings, response = self._settings, flow.response
        if response is None or response.status_code != 200:
            return
        if providers_of(flow.request, settings.provider, settings.config) is not None:
            return  # the response of this addon
        operations = self._ready().operations

        async def list_jobs(provider: str, query: Mapping[str, str]) -> bytes:
            return await operations.list(query, Caller(provider=provider, region=""))

        query = dict(flow.request.query)
        content = await list_merging.merged(
            response.content or b"", query, settings.config.known_providers, list_jobs
        )
        if content is not None:
            response.content = content

    def _kill_streamed_create(self, flow: http.HTTPFlow) -> bool:
        """Kill a routed Create if its body would be streamed to AWS as it arrives; returns whether it did."""
        if not (flow.request.stream or "transfer-encoding" in flow.request.headers) or not flow.killable:
            return False
        if not self._is_routed_create(flow):
            return False
        # streaming of a body of unknown size starts when it has grown, which calls no hook
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
            return True  # an unknown provider is not AWS either


async def _document(operations: Operations, request: http.Request, matched: Matched, caller: Caller) -> bytes:
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


def _set_error(flow: http.HTTPFlow, error: AwsError) -> None:
    redact(flow.request.headers)
    routed_flows.refuse(flow, error.error_type)
    flow.response = http.Response.make(error.status, error.body(), error.headers(str(uuid4())))


def _body(request: http.Request) -> bytes:
    """The body, decompressed where possible; a request for AWS may have any."""
    return request.get_content(strict=False) or b""


def _is_job_identifier(identifier: str) -> bool:
    try:
        job_identifier(identifier)
    except AwsError:
        return False
    return True


def default_region() -> str:
    """The region of this process's AWS variables."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def own_addresses() -> set[tuple[str, int]]:
    """The addresses that this proxy listens on, which its own calls must not go to."""
    server = ctx.master.addons.get("proxyserver")  # type: ignore[no-untyped-call]  # the same
    return {(address[0], address[1]) for address in server.listen_addrs()} if server is not None else set()
