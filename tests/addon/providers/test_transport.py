"""Conversations over real sockets, with the faults that networks and providers have."""

import gzip
import json
import logging
import os
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO
from pathlib import Path
from typing import override

import httpx
import pytest

from addon.providers.bodies import BLOCK
from addon.providers.retry_policy import ATTEMPTS, LostAnswer, Unreachable
from addon.providers.transport import Transport
from translators.errors import ProviderError
from translators.providers.conversation import LINES, SAVE, Conversation

KEY = "sk-example-key"

type Act = Callable[[socket.socket], None]
"""What the server does once it has read a request."""


def answer(status: str, body: bytes = b"", **headers: str) -> Act:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    data = "\r\n".join([*lines, "", ""]).encode() + body
    return lambda connection: connection.sendall(data)


def cut(connection: socket.socket) -> None:
    """Close the connection without a response."""


def half(body: bytes) -> Act:
    whole = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    return lambda connection: connection.sendall(whole[: -len(body) // 2])


class Server:
    """Does to each request what is next in the script, the last act again and again."""

    def __init__(self, script: list[Act], deaf: bool) -> None:
        self.requests: list[bytes] = []
        self._script = script
        self._deaf = deaf
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._socket.getsockname()
        self.host = f"127.0.0.1:{self.address[1]}"
        self.url = f"http://{self.host}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            if self._stopping.is_set():
                connection.close()
                return
            with connection:
                self.requests.append(b"" if self._deaf else self._read(connection))
                self._script[min(len(self.requests), len(self._script)) - 1](connection)

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        request = b""
        while b"\r\n\r\n" not in request and (data := connection.recv(65536)):
            request += data
        head, _, body = request.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        while length is not None and len(body) < int(length[1]) and (data := connection.recv(65536)):
            body += data
        return head + b"\r\n\r\n" + body

    def close(self) -> None:
        self._stopping.set()
        socket.create_connection(self.address).close()
        self._thread.join()
        self._socket.close()


type Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def start(*script: Act, deaf: bool = False) -> Server:
        servers.append(Server(list(script), deaf))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
async def transport(pauses: list[float]) -> AsyncIterator[Transport]:
    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    transport = Transport(environment={}, pause=pause)
    yield transport
    await transport.close()


@pytest.fixture
def dead_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def asking(request: httpx.Request) -> Conversation[httpx.Response]:
    """The shortest conversation."""
    response = yield request
    return response


def get(url: str, **extensions: object) -> httpx.Request:
    return httpx.Request("GET", url, headers={"authorization": f"Bearer {KEY}"}, extensions=extensions)


def post(url: str) -> httpx.Request:
    return httpx.Request("POST", url, content=b"{}")


async def test_a_conversation_is_played_to_its_outcome(transport: Transport, serve: Serve) -> None:
    server = serve(answer("200 OK", b'{"id":"file-1"}'), answer("200 OK", b'{"id":"batch-1"}'))

    def conversation() -> Conversation[tuple[str, str]]:
        uploaded = yield httpx.Request("POST", f"{server.url}/files", content=b"lines")
        created = yield httpx.Request("POST", f"{server.url}/batches", json={"input": uploaded.json()["id"]})
        return uploaded.json()["id"], created.json()["id"]

    assert await transport.play(conversation()) == ("file-1", "batch-1")
    first, second = server.requests
    assert first.startswith(b"POST /files HTTP/1.1\r\n")
    assert first.endswith(b"\r\n\r\nlines")
    assert b"user-agent: bedrock-batch-proxy/" in first.lower()
    assert json.loads(second.split(b"\r\n\r\n")[1]) == {"input": "file-1"}


async def test_an_error_response_is_sent_to_the_conversation(transport: Transport, serve: Serve) -> None:
    server = serve(answer("401 Unauthorized", b"Incorrect API key"))

    def conversation() -> Conversation[None]:
        response = yield get(server.url)
        raise ProviderError(response.status_code, response.text)

    with pytest.raises(ProviderError, match="Incorrect API key"):
        await transport.play(conversation())
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "fault",
    ["408 Request Timeout", "425 Too Early", "429 Too Many Requests", "500 Oops", "503 Busy", "529 Full"],
)
async def test_a_request_with_a_transient_response_is_repeated(
    transport: Transport, serve: Serve, pauses: list[float], fault: str
) -> None:
    server = serve(answer(fault), answer(fault), answer("200 OK", b"fine"))
    assert (await transport.play(asking(get(server.url)))).text == "fine"
    first, second = pauses
    assert 0.375 <= first <= 0.5
    assert 0.75 <= second <= 1


async def test_the_last_transient_response_is_sent_to_the_conversation(
    transport: Transport, serve: Serve, pauses: list[float]
) -> None:
    server = serve(answer("503 Busy", b"try later"))
    response = await transport.play(asking(get(server.url)))
    assert (response.status_code, response.text) == (503, "try later")
    assert (len(server.requests), len(pauses)) == (ATTEMPTS, ATTEMPTS - 1)


_EARLIER, _LATER = "Mon, 02 Jan 2023 10:00:00 GMT", "Mon, 02 Jan 2023 10:01:30 GMT"


def in_seconds(seconds: int) -> str:
    """A date, as of when the test runs."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry_After": "7"}, 7, 7),
        ({"Retry_After": "1.5"}, 1.5, 1.5),
        ({"Retry_After": "120"}, 120, 120),
        ({"Retry_After_Ms": "250"}, 0.25, 0.25),
        ({"Retry_After_Ms": "250", "Retry_After": "7"}, 0.25, 0.25),
        ({"Retry_After_Ms": "0", "Retry_After": "7"}, 7, 7),
        ({"Retry_After": _LATER, "Date": _EARLIER}, 90, 90),
        ({"Retry_After": 60}, 1, 60),
        ({"Retry_After": -60}, 0.375, 0.5),
        ({"Retry_After": "0"}, 0.375, 0.5),
        ({"Retry_After": "-5"}, 0.375, 0.5),
        ({"Retry_After": "soon"}, 0.375, 0.5),
        ({"Retry_After": "nan"}, 0.375, 0.5),
        ({"Retry_After_Ms": "soon"}, 0.375, 0.5),
        ({}, 0.375, 0.5),
    ],
)
async def test_the_wait_is_the_one_that_the_provider_asks_for(
    transport: Transport,
    serve: Serve,
    pauses: list[float],
    headers: dict[str, str | int],
    least: float,
    most: float,
) -> None:
    sent = {name: in_seconds(value) if isinstance(value, int) else value for name, value in headers.items()}
    server = serve(answer("429 Slow down", b"", **sent), answer("200 OK"))
    assert (await transport.play(asking(get(server.url)))).status_code == 200
    (pause,) = pauses
    assert least <= pause <= most


@pytest.mark.parametrize(
    "headers", [{"Retry_After": "121"}, {"Retry_After": in_seconds(7200)}, {"X_Should_Retry": "false"}]
)
async def test_a_response_that_forbids_an_early_repetition_is_sent_to_the_conversation(
    transport: Transport, serve: Serve, pauses: list[float], headers: dict[str, str]
) -> None:
    server = serve(answer("429 Slow down", b"", **headers))
    assert (await transport.play(asking(get(server.url)))).status_code == 429
    assert (len(server.requests), pauses) == (1, [])


@pytest.mark.parametrize("fault", [cut, half(b"0123456789")], ids=["no answer", "half an answer"])
async def test_a_broken_connection_is_tried_again(transport: Transport, serve: Serve, fault: Act) -> None:
    server = serve(fault, fault, answer("200 OK", b"fine"))
    assert (await transport.play(asking(get(server.url)))).text == "fine"
    assert len(server.requests) == 3


async def test_a_provider_that_never_responds_is_unreachable_by_name(
    transport: Transport, serve: Serve, dead_url: str, pauses: list[float]
) -> None:
    with pytest.raises(Unreachable, match=rf"{dead_url[7:]} cannot be reached: .*[Cc]onnect"):
        await transport.play(asking(get(dead_url)))
    assert len(pauses) == ATTEMPTS - 1
    server = serve(cut)
    with pytest.raises(Unreachable, match=rf"no answer from {server.host}: .*disconnected"):
        await transport.play(asking(get(server.url)))
    assert len(server.requests) == ATTEMPTS


async def test_a_conversation_is_closed_whatever_happens(transport: Transport, dead_url: str) -> None:
    closed: list[bool] = []

    def conversation() -> Conversation[None]:
        try:
            yield get(dead_url)
        finally:
            closed.append(True)

    with pytest.raises(Unreachable):
        await transport.play(conversation())
    assert closed == [True]


@pytest.mark.parametrize("proxied", [False, True])
async def test_a_request_to_be_sent_once_that_cannot_have_arrived_is_unreachable(
    serve: Serve, dead_url: str, proxied: bool
) -> None:
    refusing = serve(answer("403 Forbidden"))
    environment = {"HTTPS_PROXY": refusing.url} if proxied else {}
    transport = Transport(environment=environment)
    with pytest.raises(Unreachable):
        await transport.play(asking(post("https://api.example/v1" if proxied else dead_url)), once=True)
    assert len(refusing.requests) == int(proxied)
    await transport.close()


async def test_a_connection_that_is_not_tls_means_never_sent(transport: Transport, serve: Serve) -> None:
    server = serve(cut, deaf=True)
    with pytest.raises(Unreachable):
        await transport.play(asking(post(server.url.replace("http:", "https:"))), once=True)


def never(connection: socket.socket) -> None:
    """Wait for the client to give up."""
    connection.recv(1)


@pytest.mark.parametrize(
    "fault",
    [cut, half(b"0123456789"), answer("500 Oops"), answer("502 Bad Gateway"), answer("408 Timeout"), never],
    ids=["cut", "half an answer", "500", "502", "408", "silence"],
)
async def test_a_request_to_be_sent_once_with_an_unknown_outcome_is_a_lost_answer(
    transport: Transport, serve: Serve, fault: Act
) -> None:
    server = serve(fault)
    request = httpx.Request(
        "POST", server.url, content=b"{}", extensions={"timeout": {"read": 0.2, "connect": 5}}
    )
    with pytest.raises(LostAnswer, match=server.host):
        await transport.play(asking(request), once=True)
    assert len(server.requests) == 1


async def test_a_connection_closed_before_the_request_was_read_is_a_lost_answer(
    transport: Transport, serve: Serve
) -> None:
    server = serve(cut, deaf=True)
    with pytest.raises(LostAnswer):
        await transport.play(asking(post(server.url)), once=True)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["200 OK", "400 Bad", "409 Conflict", "425 Too Early", "429 Slow down"])
async def test_a_clear_answer_to_a_request_to_be_sent_once_is_handed_over(
    transport: Transport, serve: Serve, status: str
) -> None:
    server = serve(answer(status, b"words"))
    response = await transport.play(asking(post(server.url)), once=True)
    assert (response.status_code, response.text, len(server.requests)) == (int(status[:3]), "words", 1)


async def test_a_look_before_the_request_to_be_sent_once_may_be_repeated(
    transport: Transport, serve: Serve
) -> None:
    server = serve(answer("503 Busy"), answer("200 OK", b"words"))
    response = await transport.play(asking(get(server.url)), once=True)
    assert (response.text, len(server.requests)) == ("words", 2)


@pytest.mark.parametrize("size", [0, 10, 3 * BLOCK + 1])
async def test_an_answer_to_be_saved_becomes_a_file(
    transport: Transport, serve: Serve, tmp_path: Path, size: int
) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    server = serve(answer("200 OK", body, X_Request_Id="req_1"))
    response = await transport.play(asking(get(server.url, **{SAVE: "rows.jsonl"})), folder=tmp_path)
    assert (tmp_path / "rows.jsonl").read_bytes() == body
    assert os.listdir(tmp_path) == ["rows.jsonl"]
    assert (response.status_code, response.content, response.headers["x-request-id"]) == (200, b"", "req_1")


async def test_a_compressed_answer_is_saved_unpacked(
    transport: Transport, serve: Serve, tmp_path: Path
) -> None:
    server = serve(answer("200 OK", gzip.compress(b"rows\n" * 1000), Content_Encoding="gzip"))
    response = await transport.play(asking(get(server.url, **{SAVE: "rows"})), folder=tmp_path)
    assert (tmp_path / "rows").read_bytes() == b"rows\n" * 1000
    assert response.content == b""


async def test_lines_inside_another_document_become_a_file_of_lines(
    transport: Transport, serve: Serve, tmp_path: Path
) -> None:
    server = serve(answer("200 OK", b"[a,b]"))
    extensions = {SAVE: "rows", LINES: lambda body: body.strip(b"[]").split(b",")}
    response = await transport.play(asking(get(server.url, **extensions)), folder=tmp_path)
    assert (tmp_path / "rows").read_bytes() == b"a\nb\n"
    assert response.content == b""


async def test_a_document_without_lines_that_can_be_read_is_not_saved(
    transport: Transport, serve: Serve, tmp_path: Path
) -> None:
    def unreadable(body: bytes) -> list[bytes]:
        raise ProviderError(502, "cannot be read")

    server = serve(answer("200 OK", b"?"))
    with pytest.raises(ProviderError, match="cannot be read"):
        await transport.play(asking(get(server.url, **{SAVE: "rows", LINES: unreadable})), folder=tmp_path)
    assert not (tmp_path / "rows").exists()


async def test_an_error_in_place_of_a_file_is_handed_over_and_not_saved(
    transport: Transport, serve: Serve, tmp_path: Path
) -> None:
    server = serve(answer("404 Not Found", b"No such file"))
    response = await transport.play(asking(get(server.url, **{SAVE: "rows"})), folder=tmp_path)
    assert (response.status_code, response.text) == (404, "No such file")
    assert os.listdir(tmp_path) == []


async def test_a_file_cut_in_the_middle_is_fetched_anew(
    transport: Transport, serve: Serve, tmp_path: Path
) -> None:
    body = b"0123456789" * (BLOCK // 4)
    server = serve(half(body), half(body), answer("200 OK", body))
    await transport.play(asking(get(server.url, **{SAVE: "rows"})), folder=tmp_path)
    assert (tmp_path / "rows").read_bytes() == body


async def test_a_truncated_file_never_takes_the_place_of_a_whole_one(
    transport: Transport, serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "rows").write_bytes(b"from before")
    server = serve(half(b"0123456789" * BLOCK))
    with pytest.raises(Unreachable):
        await transport.play(asking(get(server.url, **{SAVE: "rows"})), folder=tmp_path)
    assert (tmp_path / "rows").read_bytes() == b"from before"


@pytest.mark.parametrize("name", ["../rows", "a/b", "", ".."])
async def test_a_file_is_saved_under_a_plain_name_only(
    transport: Transport, serve: Serve, tmp_path: Path, name: str
) -> None:
    server = serve(answer("200 OK", b"rows"))
    with pytest.raises(ValueError, match="a folder and a plain file name are needed"):
        await transport.play(asking(get(server.url, **{SAVE: name})), folder=tmp_path)
    assert os.listdir(tmp_path) == []


class Watched(BytesIO):
    """A file that records the threads that read it."""

    readers: set[threading.Thread]

    @override
    def read(self, size: int | None = -1, /) -> bytes:
        self.readers.add(threading.current_thread())
        return super().read(size)


async def test_an_uploaded_file_is_read_off_the_loop_and_whole_at_each_attempt(
    transport: Transport, serve: Serve
) -> None:
    lines = b'{"custom_id":"a"}\n' * (3 * BLOCK // 18)
    file = Watched(lines)
    file.readers = set()
    server = serve(cut, answer("500 Oops"), answer("200 OK", b"{}"))
    request = httpx.Request(
        "POST", f"{server.url}/files", data={"purpose": "batch"}, files={"file": ("in.jsonl", file)}
    )
    assert (await transport.play(asking(request))).status_code == 200
    assert threading.main_thread() not in file.readers
    bodies = [request.partition(b"\r\n\r\n")[2] for request in server.requests]
    assert len(bodies) == 3
    assert len(set(bodies)) == 1
    assert lines in bodies[0]
    assert b'name="purpose"\r\n\r\nbatch\r\n' in bodies[0]


async def test_a_file_that_cannot_be_read_is_an_error_of_the_local_disk(
    transport: Transport, serve: Serve
) -> None:
    class Broken(BytesIO):
        @override
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    server = serve(answer("200 OK"))
    request = httpx.Request("POST", server.url, files={"file": ("in.jsonl", Broken(b"x"))})
    with pytest.raises(OSError, match="Input/output error"):
        await transport.play(asking(request))


async def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(
    transport: Transport, serve: Serve
) -> None:
    request = get(serve(answer("200 OK")).url)
    request.headers["authorization"] = f"Bearer {KEY}\n"
    with pytest.raises(ProviderError, match=r"127\.0\.0\.1:\d+: the request cannot be sent") as caught:
        await transport.play(asking(request))
    assert not caught.value.passing
    assert KEY not in str(caught.getrepr(chain=True, showlocals=False))


@pytest.mark.parametrize("compressed", [False, True])
async def test_the_key_is_redacted_in_an_error_that_repeats_it(
    transport: Transport, serve: Serve, compressed: bool
) -> None:
    body = json.dumps({"error": {"message": f"bad key Bearer {KEY}, sent twice: {KEY}"}}).encode()
    refusal = (
        answer("400 Bad Request", gzip.compress(body), content_encoding="gzip")
        if compressed
        else answer("400 Bad Request", body)
    )
    request = get(serve(refusal).url)
    request.headers["authorization"] = f"Bearer {KEY}"
    response = await transport.play(asking(request))
    assert response.json() == {"error": {"message": "bad key Bearer ***, sent twice: ***"}}


async def test_a_url_without_scheme_is_refused(transport: Transport) -> None:
    with pytest.raises(ProviderError, match="cannot be sent"):
        await transport.play(asking(httpx.Request("GET", "//api.example/v1")))


async def test_a_result_that_lies_elsewhere_is_fetched_there_without_the_key(
    transport: Transport, serve: Serve, tmp_path: Path
) -> None:
    storage = serve(answer("200 OK", b"rows"))
    provider = serve(answer("302 Found", b"", Location=storage.url.replace("127.0.0.1", "localhost")))
    await transport.play(asking(get(provider.url, **{SAVE: "rows"})), folder=tmp_path)
    assert (tmp_path / "rows").read_bytes() == b"rows"
    assert KEY.encode() in provider.requests[0]
    assert KEY.encode() not in storage.requests[0]


@pytest.mark.parametrize("header", ["Authorization", "x-api-key", "x-goog-api-key", "anthropic-beta"])
async def test_no_header_of_a_request_goes_to_a_server_that_the_provider_names(
    transport: Transport, serve: Serve, header: str
) -> None:
    storage = serve(answer("200 OK", b"rows"))
    provider = serve(
        answer("302 Found", b"", Location="/there"),
        answer("302 Found", b"", Location=storage.url.replace("127.0.0.1", "localhost")),
    )
    request = httpx.Request("GET", provider.url, headers={header: KEY})
    assert (await transport.play(asking(request))).text == "rows"
    assert [KEY.encode() in one for one in provider.requests] == [True, True]
    assert KEY.encode() not in storage.requests[0]
    assert b"user-agent: bedrock-batch-proxy/" in storage.requests[0]


async def test_a_server_that_sends_on_for_ever_is_a_fault(transport: Transport, serve: Serve) -> None:
    server = serve(answer("302 Found", b"", Location="/"))
    with pytest.raises(Unreachable, match="sent on more than"):
        await transport.play(asking(get(server.url)))


async def test_what_was_posted_is_not_posted_elsewhere(transport: Transport, serve: Serve) -> None:
    elsewhere = serve(answer("200 OK"))
    server = serve(answer("307 Temporary Redirect", b"", Location=elsewhere.url))
    response = await transport.play(asking(httpx.Request("POST", server.url, content=b"{}")))
    assert (response.status_code, elsewhere.requests) == (307, [])


async def test_a_proxy_of_the_environment_is_used_unless_it_is_this_process(serve: Serve) -> None:
    server, proxy = serve(answer("200 OK", b"direct")), serve(answer("200 OK", b"proxied"))
    environment = {"HTTP_PROXY": proxy.url}
    elsewhere = Transport(environment=environment, own={("127.0.0.1", 1)})
    ourselves = Transport(environment=environment, own={proxy.address})
    assert (await elsewhere.play(asking(get(f"{server.url}/v1")))).text == "proxied"
    assert (await ourselves.play(asking(get(f"{server.url}/v1")))).text == "direct"
    assert [request.split(b"\r\n")[0] for request in proxy.requests] == [
        f"GET {server.url}/v1 HTTP/1.1".encode()
    ]
    await elsewhere.close()
    await ourselves.close()


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:1080", "gopher://127.0.0.1:70"])
async def test_a_kind_of_proxy_that_cannot_be_used_is_named(address: str) -> None:
    async def pause(seconds: float) -> None:
        pass

    transport = Transport(environment={"ALL_PROXY": address}, pause=pause)
    with pytest.raises(Unreachable, match="the proxy that the environment names cannot be used"):
        await transport.play(asking(get("http://api.example/v1")))


async def test_nothing_secret_is_logged(
    transport: Transport, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(answer("500 Oops"), answer("200 OK", b"the answer", Set_Cookie="session=secret"))
    await transport.play(
        asking(httpx.Request("POST", server.url, headers={"x-api-key": KEY}, content=b"the lines"))
    )
    logged = "".join(record.getMessage() for record in caplog.records)
    for secret in (KEY, "session=secret", "the answer", "the lines"):
        assert secret not in logged


async def test_the_network_can_be_replaced() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"path": request.url.path})

    transport = Transport(transport=httpx.MockTransport(handler), environment={})
    assert (await transport.play(asking(get("https://api.example/v1")))).json() == {"path": "/v1"}
    await transport.close()


CUT_OFF = (
    b'{"error": {"message": "unexpected end of data"}}',
    b"multipart: NextPart: EOF, unexpected EOF",
    b'{"detail": "There was an error parsing the body"}',
    b"Unexpected end of form",
    b"unexpected end of JSON input",
)


@pytest.mark.parametrize("words", CUT_OFF)
@pytest.mark.parametrize("once", [True, False])
async def test_a_request_that_was_cut_off_on_its_way_is_sent_once_more(
    serve: Serve, transport: Transport, words: bytes, once: bool
) -> None:
    server = serve(answer("400 Bad Request", words), answer("200 OK", b"done"))
    response = await transport.play(posting(server), once=once)
    assert (response.status_code, response.content) == (200, b"done")
    assert [request.rpartition(b"\r\n")[2] for request in server.requests] == [b"the lines"] * 2


async def test_a_request_that_is_always_refused_as_cut_off_is_refused(
    serve: Serve, transport: Transport
) -> None:
    server = serve(answer("400 Bad Request", CUT_OFF[0]))
    assert (await transport.play(posting(server))).status_code == 400
    assert len(server.requests) == 2


@pytest.mark.parametrize("words", [b"unexpected parameter", b"The end of the stream_options is unexpected"])
async def test_other_refusals_are_believed(serve: Serve, transport: Transport, words: bytes) -> None:
    server = serve(answer("400 Bad Request", words))
    assert (await transport.play(posting(server))).status_code == 400
    assert len(server.requests) == 1


def posting(server: Server) -> Conversation[httpx.Response]:
    return (yield httpx.Request("POST", f"{server.url}/files", content=b"the lines"))
