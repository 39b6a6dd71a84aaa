"""Signs requests that are not routed with the proxy's own AWS credentials, as gateways do.

In reverse mode the client signs for the proxy's host, a signature that AWS refuses.
"""

import anyio.to_thread
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.session import Session
from mitmproxy.http import Request

from addon.proxy.routing import PREFIX

SERVICE = "bedrock"
_SIGNED = ("content-type", "x-amz-")
"""Prefixes of the headers that are signed beside Host; others may be changed on the way."""
_REPLACED = ("authorization", "x-amz-date", "x-amz-security-token")


class NoCredentials(Exception):
    """The proxy has no AWS credentials to sign with."""


class Resigner:
    """Signs requests with credentials that are looked up and refreshed in a thread."""

    def __init__(self, session: Session | None = None) -> None:
        self._session = session or Session()

    async def resign(self, request: Request, region: str) -> None:
        """Remove the `/bedrock` prefix and replace the signature. Raises `NoCredentials`."""
        credentials = await anyio.to_thread.run_sync(self._credentials)
        sign(request, credentials, region)

    def _credentials(self) -> ReadOnlyCredentials:
        found = self._session.get_credentials()
        if found is None:
            raise NoCredentials("batch_resign is set and the proxy has no AWS credentials of its own")
        return found.get_frozen_credentials()


def sign(request: Request, credentials: ReadOnlyCredentials, region: str) -> None:
    """Sign a request for its destination host, as boto3 does."""
    if request.path.startswith(f"{PREFIX}/"):
        request.path = request.path.removeprefix(PREFIX)
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
