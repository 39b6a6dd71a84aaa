"""An addon of `bedrock-batch run`: notes what the program calls, and signs Bedrock calls about no batch job.

SDKs that read no proxy variables send all Bedrock calls to the reverse proxy that `AWS_ENDPOINT_URL_BEDROCK`
names, signed for its host. `batch_resign` covers batch operations only.
"""

import json
import logging
import re
from pathlib import Path

import anyio
import msgspec
from anyio import to_thread
from mitmproxy import ctx, http
from mitmproxy.proxy.mode_specs import ReverseMode

from addon.proxy.addon import default_region, own_addresses
from addon.proxy.routing import operation_of
from addon.proxy.sigv4 import NoCredentials, Resigner

logger = logging.getLogger(__name__)

AWS_HOSTS = re.compile(r"(^|\.)(amazonaws\.com(\.cn)?|(api|on)\.aws)$")
MOST_NOTED = 1000
"""Entries after which further hosts are not noted."""
LONGEST_ANSWER = 4096
"""Bytes of a response to Create."""


class _Created(msgspec.Struct, forbid_unknown_fields=True):
    jobArn: str  # noqa: N815 - AWS's name


_CREATED = msgspec.json.Decoder(_Created)


class ApplicationCalls:
    """mitmproxy addon. `seen` is a file that gets a line of JSON for what the program does first: a Bedrock
    call, each job, each AWS host."""

    name = "bedrock_batch_application"

    def __init__(self, seen: Path) -> None:
        self._seen = seen
        self._noted: set[str] = set()
        self._writing = anyio.Lock()
        self._resigner = Resigner()

    def running(self) -> None:
        self._resigner = Resigner(own_addresses())

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        """Note the host of a tunnel, which is not decrypted unless it is Bedrock's."""
        host = flow.request.host.lower()
        if AWS_HOSTS.search(host) and len(self._noted) < MOST_NOTED:
            await self._note(host=f"{host}:{flow.request.port}")

    async def requestheaders(self, flow: http.HTTPFlow) -> None:
        await self._note(bedrock="called")  # whatever is decrypted is for Bedrock

    async def request(self, flow: http.HTTPFlow) -> None:
        mode = flow.client_conn.proxy_mode
        if flow.response is not None or flow.request.stream or not isinstance(mode, ReverseMode):
            return
        if not ctx.options.batch_resign or operation_of(flow.request, mode, None) is not None:
            return
        try:
            await self._resigner.resign(flow, default_region())
        except NoCredentials as error:
            logger.warning("%s %s will be refused: %s", flow.request.method, flow.request.path, error)

    async def response(self, flow: http.HTTPFlow) -> None:
        self._resigner.check(flow)
        if (arn := _created(flow)) is not None:
            await self._note(job=arn)

    async def _note(self, **entry: str) -> None:
        line = json.dumps(entry)
        if line not in self._noted:
            self._noted.add(line)
            async with self._writing:
                await to_thread.run_sync(self._append, line)

    def _append(self, line: str) -> None:
        with self._seen.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


def _created(flow: http.HTTPFlow) -> str | None:
    """The ARN of the job that a Create made: no other response is a jobArn alone."""
    response = flow.response
    if flow.request.method != "POST" or response is None or response.status_code != 200:
        return None
    body = response.raw_content or b""
    if len(body) > LONGEST_ANSWER:
        return None
    try:
        return _CREATED.decode(response.content or b"").jobArn
    except (ValueError, msgspec.DecodeError):
        return None
