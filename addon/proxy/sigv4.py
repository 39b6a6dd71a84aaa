"""Signs requests that are not routed with the proxy's own AWS credentials, as gateways do.

In reverse mode the client signs for the proxy's host, a signature that AWS refuses.
"""

from collections.abc import Set as AbstractSet
from weakref import WeakKeyDictionary

import anyio.to_thread
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError
from mitmproxy.http import HTTPFlow, Request
from mitmproxy.proxy.mode_specs import ReverseMode

from addon.proxy.routing import host_in_region, host_of, region_of, without_prefix
from addon.storage.aws_credentials import AwsCredentials, Chain
from translators.errors import ACCESS_DENIED

SERVICE = "bedrock"
_SIGNED = ("content-type", "x-amz-")
"""Prefixes of the headers that are signed beside Host; others may be changed on the way."""
_REPLACED = ("authorization", "x-amz-date", "x-amz-security-token")


class NoCredentials(Exception):
    """The proxy has no AWS credentials to sign with."""


class Resigner:
    """Signs requests with credentials that are looked up and refreshed in a thread.

    `own` are the addresses this process listens on, which are never used as a proxy.
    """

    def __init__(self, own: AbstractSet[tuple[str, int]] = frozenset()) -> None:
        self._aws = AwsCredentials(own)
        self._signed: WeakKeyDictionary[HTTPFlow, Chain] = WeakKeyDictionary()

    async def resign(self, flow: HTTPFlow, default_region: str) -> None:
        """Remove the `/bedrock` prefix and replace the signature, for the region that the caller signed for:
        a reverse proxy has one upstream for all of them. A bearer token is valid as it is and stays.

        Raises `NoCredentials`.
        """
        request, mode = flow.request, flow.client_conn.proxy_mode
        host = host_of(request, mode)
        region = region_of(request, host, default_region)
        if isinstance(mode, ReverseMode) and host_in_region(host, region) != host:
            request.host = host_in_region(host, region)
        request.path = without_prefix(request.path)
        if request.headers.get("authorization", "").lower().startswith("bearer "):
            return
        chain = self._aws.current()
        credentials = await anyio.to_thread.run_sync(_credentials, chain)
        sign(request, credentials, region)
        self._signed[flow] = chain

    def check(self, flow: HTTPFlow) -> None:
        """Look for credentials again if AWS refuses a request that was signed with them."""
        chain = self._signed.pop(flow, None)
        if chain is not None and flow.response is not None and flow.response.status_code in ACCESS_DENIED:
            self._aws.forget(chain)


def _credentials(chain: Chain) -> ReadOnlyCredentials:
    try:
        return chain.credentials(None, "").get_frozen_credentials()
    except NoCredentialsError as error:
        raise NoCredentials("batch_resign is set and the proxy has no AWS credentials of its own") from error


def sign(request: Request, credentials: ReadOnlyCredentials, region: str) -> None:
    """Sign a request for its destination host, as boto3 does."""
    request.path = without_prefix(request.path)
    for name in _REPLACED:
        request.headers.pop(name, None)
    signed = AWSRequest(
        method=request.method,
        url=f"{request.scheme}://{request.host_header or request.host}{request.path}",
        data=request.raw_content,
        headers={name: request.headers[name] for name in _signed(request)},
    )
    SigV4Auth(credentials, SERVICE, region).add_auth(signed)
    for name in _REPLACED:
        if name in signed.headers:
            request.headers[name] = signed.headers[name]


def _signed(request: Request) -> set[str]:
    names = (raw.decode("latin-1").lower() for raw, _ in request.headers.fields)
    return {name for name in names if name.startswith(_SIGNED)}
