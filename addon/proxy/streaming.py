"""Passing on, as they arrive, the bodies that no hook of ours reads: mitmproxy would hold them whole.

Bodies of a known, moderate size are held, so that mitmproxy's interfaces show them. Where the user has set
`stream_large_bodies`, or an option for which mitmproxy needs whole bodies, nothing is changed.
"""

from mitmproxy import http
from mitmproxy.net.http.http1 import expected_http_body_size
from mitmproxy.options import Options

LARGE = 1 << 20
"""Bytes; a larger body is passed on as it arrives."""
CHUNK = 8 << 20
"""Bytes; a chunked request up to this size is sent as one chunk, as mitmproxy sends those that it holds."""

_NEED_BODIES = (
    "stream_large_bodies",
    "hardump",
    "save_stream_file",
    "modify_body",
    "map_local",
    "map_remote",
    "block_list",
    "server_replay",
)
"""mitmproxy's options that decide what is streamed, record bodies, or respond when they are whole."""


def stream_request(flow: http.HTTPFlow, options: Options) -> None:
    """Stream the request's body if it is large or of unknown size. For `requestheaders`."""
    request = flow.request
    if flow.response is not None or request.stream or not _is_large(request, None) or _are_needed(options):
        return
    chunked = "transfer-encoding" in request.headers
    request.stream = _FirstChunk() if chunked else True


def stream_response(flow: http.HTTPFlow, options: Options) -> None:
    """Stream the response's body if it is large or of unknown size, as event streams are. For
    `responseheaders`."""
    response = flow.response
    if response is None or response.stream or response.status_code == 101:
        return
    if _is_large(flow.request, response) and not _are_needed(options):
        response.stream = True


def _is_large(request: http.Request, response: http.Response | None) -> bool:
    message = request if response is None else response
    if (message.is_http2 or message.is_http3) and "content-length" not in message.headers:
        return True  # mitmproxy streams nothing where there is no body
    try:
        size = expected_http_body_size(request, response)
    except ValueError:
        return False
    return size is None or size < 0 or size > LARGE


def _are_needed(options: Options) -> bool:
    return any(getattr(options, name, None) for name in _NEED_BODIES)


class _FirstChunk:
    """Collects a chunked body's beginning, then passes on what arrives."""

    def __init__(self) -> None:
        self._collected = bytearray()
        self._passes = False

    def __call__(self, data: bytes) -> list[bytes]:
        """The chunks to send now, of which none may be empty; empty data is the body's end."""
        if not self._passes:
            self._collected += data
            if data and len(self._collected) <= CHUNK:
                return []
            self._passes = True
            data = bytes(self._collected)
            self._collected.clear()
        return [data] if data else []
