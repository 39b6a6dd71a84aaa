"""An HTTPS server that writes down every byte it is sent, and answers as Bedrock and S3 would."""

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import IO, cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mitmproxy.certs import CertStore

_JSON = "content-type: application/json"
_XML = "content-type: application/xml"
ARN = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/zzzzzzzzzz99"

_ANSWERS = (  # the first whose pattern is found in the request line
    (r"^POST /model-invocation-job ", "200 OK", _JSON, f'{{"jobArn":"{ARN}"}}'),
    (r"^GET /model-invocation-jobs", "200 OK", _JSON, '{"invocationJobSummaries":[]}'),
    (r"^GET /model-invocation-job/", "200 OK", _JSON, f'{{"jobArn":"{ARN}"}}'),
    (r"^POST /listTagsForResource ", "200 OK", _JSON, '{"tags":[]}'),
    (r"^POST /\S*\?uploads", "200 OK", _XML, "<R><Bucket>b</Bucket><Key>k</Key><UploadId>u</UploadId></R>"),
    (r"^POST /\S*\?uploadId=", "200 OK", _XML, "<R><Location>l</Location><ETag>e</ETag></R>"),
    (r"^PUT /", "200 OK", 'etag: "e"', ""),
    (r"^GET /", "206 Partial Content", "content-range: bytes 0-9/100", "0123456789"),
    (r"", "200 OK", _JSON, ""),
)


@dataclass
class Upstream:
    port: int
    authority: Path
    """The certificate that signed the server's."""
    requests: list[bytes] = field(default_factory=list)
    """As they arrived, head and body, chunk framing included."""

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"


@contextmanager
def recording_upstream(folder: Path) -> Iterator[Upstream]:
    """The server, on a port of its own, until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        upstream = Upstream(listener.getsockname()[1], folder / "upstream-ca-cert.pem")
        context = _certified(folder)
        threading.Thread(target=_accept, args=(listener, context, upstream), daemon=True).start()
        yield upstream
        listener.shutdown(socket.SHUT_RDWR)


def _certified(folder: Path) -> ssl.SSLContext:
    store = CertStore.from_store(folder, "upstream", 2048)
    entry = store.get_cert("127.0.0.1", [x509.IPAddress(ip_address("127.0.0.1"))])
    key = entry.privatekey.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem = folder / "upstream.pem"
    pem.write_bytes(entry.cert.to_pem() + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def _accept(listener: socket.socket, context: ssl.SSLContext, upstream: Upstream) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return  # the listener is closed
        threading.Thread(target=_serve, args=(connection, context, upstream), daemon=True).start()


def _serve(connection: socket.socket, context: ssl.SSLContext, upstream: Upstream) -> None:
    try:
        with context.wrap_socket(connection, server_side=True) as secure, secure.makefile("rwb") as file:
            stream = cast(IO[bytes], file)
            while (request := _read(stream)) is not None:
                upstream.requests.append(request)
                stream.write(_answer(request))
                stream.flush()
    except OSError:
        return  # the client is gone; what it sent before is written down


def _read(stream: IO[bytes]) -> bytes | None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return None
        head += line
    if re.search(rb"(?im)^expect: 100-continue", head):
        stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        stream.flush()
    if length := re.search(rb"(?im)^content-length: *(\d+)", head):
        return head + stream.read(int(length[1]))
    if re.search(rb"(?im)^transfer-encoding: *chunked", head):
        return head + _chunks(stream)
    return head


def _chunks(stream: IO[bytes]) -> bytes:
    raw = b""
    while True:
        size = stream.readline()
        raw += size + stream.read(int(size, 16) + 2)
        if int(size, 16) == 0:
            return raw


def _answer(request: bytes) -> bytes:
    line = request.partition(b"\r\n")[0].decode()
    _, status, header, body = next(answer for answer in _ANSWERS if re.search(answer[0], line))
    return f"HTTP/1.1 {status}\r\n{header}\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()
