"""An addon of `bedrock-batch run`: notices Bedrock calls, and signs those about no batch job.

SDKs that read no proxy variables send all Bedrock calls to the reverse proxy that `AWS_ENDPOINT_URL_BEDROCK`
names, signed for its host. `batch_resign` covers batch operations only.
"""

import logging
from pathlib import Path

from mitmproxy import ctx, http
from mitmproxy.proxy.mode_specs import ReverseMode

from addon.proxy.addon import default_region, own_addresses
from addon.proxy.routing import operation_of
from addon.proxy.sigv4 import NoCredentials, Resigner

logger = logging.getLogger(__name__)


class ApplicationCalls:
    """mitmproxy addon. `seen` is a file that is made when the first Bedrock call comes."""

    name = "bedrock_batch_application"

    def __init__(self, seen: Path) -> None:
        self._seen = seen
        self._has_seen = False
        self._resigner = Resigner()

    def running(self) -> None:
        self._resigner = Resigner(own_addresses())

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if not self._has_seen:  # whatever is decrypted is for Bedrock
            self._has_seen = True
            self._seen.touch()

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

    def response(self, flow: http.HTTPFlow) -> None:
        self._resigner.check(flow)
