"""`bedrock-batch run -- program`: runs one program through a proxy that ends with it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import unquote, urlsplit

from addon.cli.errors import CommandError
from addon.cli.run_summary import BEDROCK_HOSTS, Calls, calls_in, host_line, job_lines
from addon.proxy import ca_bundle
from addon.proxy.application_environment import application_environment, proxy_bypasses

START_LIMIT = 60.0
"""Seconds a proxy may take to listen; it opens a database and takes up the jobs found in it."""
END_LIMIT = 30.0
"""Seconds a proxy may take to finish the calls it is answering."""

FORWARDED = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A proxy that listens."""

    process: subprocess.Popen[bytes]
    port: int
    reverse_port: int | None
    confdir: Path
    config: str
    database: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def endpoint(self) -> str | None:
        """The address for SDKs that read no proxy variables."""
        return None if self.reverse_port is None else f"http://127.0.0.1:{self.reverse_port}"


def run_program(command: Sequence[str], settings: Sequence[str]) -> int:
    """Run the program; returns its exit code. `settings` are options of the proxy, as `name=value`.

    Raises `CommandError`.
    """
    if shutil.which(command[0]) is None:
        raise CommandError(f"{command[0]}: there is no such program", code=127)
    folder = Path(tempfile.mkdtemp(prefix="bedrock-batch-run-"))
    log = folder / "proxy.log"
    seen = folder / "seen"
    with _proxy([*_own_settings(settings), *settings], folder / "ready.json", seen, log) as proxy:
        try:
            bundle = ca_bundle.write_bundle(proxy.confdir)
        except ca_bundle.NoBundle as error:
            raise CommandError(str(error)) from error
        environment = application_environment(os.environ, proxy.url, bundle, proxy.endpoint)
        _print(f"proxy at {proxy.url}, AWS_CA_BUNDLE={bundle}")
        if proxy.endpoint is None:
            for bypass in proxy_bypasses(environment):
                _print(f"warning: Bedrock calls will not pass the proxy: {bypass}")
        code = _run_supervised(command, environment)
        died = proxy.process.poll()
    calls = calls_in(seen)
    if not calls.bedrock:
        variables = "HTTPS_PROXY or AWS_ENDPOINT_URL_BEDROCK" if proxy.endpoint else "HTTPS_PROXY"
        _print(
            "no Bedrock call of the program came through the proxy: "
            f"have its Bedrock client read {variables}, and give it no endpoint of its own"
        )
    _print_jobs(proxy, calls)
    if (told := host_line(calls.hosts)) is not None:
        _print(told)
    if died is not None:
        raise CommandError(f"the proxy ended before the program did, with exit code {died}; its log: {log}")
    if code == 0:
        shutil.rmtree(folder)
    else:
        _print(f"the program ended with exit code {code}; the proxy's log: {log}")
    return code


def _own_settings(settings: Sequence[str]) -> list[str]:
    """Options of a proxy on a free port that decrypts nothing but Bedrock."""
    further = [setting.partition("=")[2] for setting in settings if setting.startswith("batch_hosts=")]
    return [
        "listen_host=127.0.0.1",
        "listen_port=0",
        *upstream_options(os.environ),
        *(f"allow_hosts={host}" for host in [BEDROCK_HOSTS, *further]),
        *reverse_options(os.environ),
    ]


def upstream_options(environment: Mapping[str, str]) -> list[str]:
    """Options that send the proxy's own calls through the proxy that the environment names, if it does."""
    url = environment.get("https_proxy") or environment.get("HTTPS_PROXY")
    if not url:
        return ["mode=regular"]
    parts = urlsplit(url if "//" in url else f"http://{url}")
    if parts.scheme not in {"http", "https"} or parts.hostname is None:
        raise CommandError("HTTPS_PROXY names a proxy that is neither http:// nor https://")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = f":{parts.port}" if parts.port is not None else ""
    mode = f"mode=upstream:{parts.scheme}://{host}{port}"
    if parts.username is None:
        return [mode]
    return [mode, f"upstream_auth={unquote(parts.username)}:{unquote(parts.password or '')}"]


def reverse_options(environment: Mapping[str, str]) -> list[str]:
    """Options of a reverse proxy for SDKs that read no proxy variables.

    None behind a proxy of the environment, which mitmproxy's reverse mode does not use, and where the program
    is to ignore endpoints.
    """
    behind_proxy = environment.get("https_proxy") or environment.get("HTTPS_PROXY")
    if behind_proxy or environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return []
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    configured = environment.get("AWS_ENDPOINT_URL_BEDROCK") or environment.get("AWS_ENDPOINT_URL")
    parts = urlsplit(configured or f"https://bedrock.{region}.{suffix}")
    if parts.scheme not in {"http", "https"} or parts.hostname is None:
        return []
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return [
        f"mode=reverse:{parts.scheme}://{parts.hostname}:{port}@{_free_port()}",
        f"allow_hosts=^{re.escape(f'{parts.hostname}:{port}')}$",
        "batch_resign=true",
    ]


def _free_port() -> int:
    """A port for the reverse proxy: mitmproxy wants two modes to name different ones."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def _proxy(settings: Sequence[str], ready: Path, seen: Path, log: Path) -> Iterator[Proxy]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "addon.cli.run_proxy"],  # -P: the folder here may hold an `addon`
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the program; the proxy ends after it
        )
    assert process.stdin is not None
    try:
        start = {"settings": settings, "ready": str(ready), "seen": str(seen)}
        process.stdin.write(json.dumps(start).encode() + b"\n")
        process.stdin.flush()
        _wait_until_ready(process, ready, log)
        state = json.loads(ready.read_bytes())
        yield Proxy(process=process, **{**state, "confdir": Path(state["confdir"])})
    finally:
        process.stdin.close()
        try:
            process.wait(END_LIMIT)
        except subprocess.TimeoutExpired:
            _print(f"the proxy did not end within {END_LIMIT:.0f} s and was killed; its log: {log}")
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], ready: Path, log: Path) -> None:
    """Wait until the proxy listens. Raises `CommandError` with the end of its log."""
    limit = time.monotonic() + START_LIMIT
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > limit:
            last = "\n".join(log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:])
            raise CommandError(f"the proxy did not start; its log ({log}) ends with:\n{last}")
        time.sleep(0.02)


def _run_supervised(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the program and forward signals to it; returns its exit code as a shell would."""
    programs: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _: FrameType | None) -> None:
        if not programs:
            raise KeyboardInterrupt
        if not (number == signal.SIGINT and _in_foreground()):
            programs[0].send_signal(number)

    earlier = {number: signal.signal(number, forward) for number in FORWARDED}
    try:
        programs.append(subprocess.Popen(command, env=environment))
        code = programs[0].wait()
    except OSError as error:
        raise CommandError(f"{command[0]}: {error.strerror}", code=126) from error
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def _in_foreground() -> bool:
    """Whether Ctrl-C on our terminal reaches the program anyway."""
    try:
        terminal = os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)


def _print_jobs(proxy: Proxy, calls: Calls) -> None:
    """Print the jobs that the program made, and those that outlive it: they are in the database, and go on
    from there."""
    from addon.jobs.database.store import Store
    from addon.settings.config import load

    store = Store(proxy.database or load(proxy.config or None).database)
    try:
        for line in job_lines(store, calls.jobs):
            _print(line)
        running = store.unfinished()
    finally:
        store.close()
    if running:
        some = ", ".join([*running[:3], "…"][: len(running)])
        jobs = "1 job is" if len(running) == 1 else f"{len(running)} jobs are"
        _print(f"{jobs} still running ({some}) and will go on when a proxy starts: bedrock-batch proxy")


def _print(line: str) -> None:
    print(f"bedrock-batch run: {line}", file=sys.stderr, flush=True)
