"""Runs `bedrock-batch proxy` in a process and a folder of its own."""

import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self

import httpx

from addon.proxy import ca_bundle

type Mode = Literal["regular", "reverse"]

START_LIMIT = 60.0
"""Seconds that a proxy may take until it answers."""
END_LIMIT = 60.0
"""Seconds that a proxy may take to end when it is asked to."""

NOWHERE = "https://127.0.0.1:9"
"""The upstream of a reverse proxy here: nothing listens there, so nothing may depend on it."""

_PORTS = range(20_000, 32_000)
"""Below the ports that systems hand out for outgoing connections."""


class Process(Protocol):
    """What is needed of a `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, number: int, /) -> None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class DidNotStart(RuntimeError):
    """The proxy ended, or did not answer in time; the message holds its log."""


class ProxyProcess:
    """A proxy with its database, spool, CA and log in one folder. A context manager.

    `settings` are mitmproxy options (`batch_provider`), `config` the content of its `bedrock-batch.toml`
    (`[jobs] folder` is added), `environment` all the variables it sees.
    """

    def __init__(
        self,
        folder: Path,
        *,
        environment: Mapping[str, str],
        mode: Mode = "regular",
        settings: Mapping[str, str] | None = None,
        config: Mapping[str, Mapping[str, Any]] | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.log = folder / "proxy.log"
        self.port = free_port()
        self.environment = dict(environment)
        self.mode: Mode = mode
        self._settings = {
            "confdir": str(folder / "mitmproxy"),
            "batch_config": str(folder / "bedrock-batch.toml"),
            **(settings or {}),
        }
        self._arguments = arguments
        sections = {**(config or {})}
        sections["jobs"] = {"folder": str(folder / "data"), **sections.get("jobs", {})}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "bedrock-batch.toml").write_text(_toml(sections), encoding="utf-8")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bundle(self) -> Path:
        """The CA bundle for clients in regular mode."""
        return ca_bundle.bundle_file(self.folder / "mitmproxy")

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'data' / 'jobs.db'}"

    @property
    def command(self) -> list[str]:
        """The arguments of `bedrock-batch`."""
        mode = f"reverse:{NOWHERE}" if self.mode == "reverse" else "regular"
        settings = [part for pair in self._settings.items() for part in ("--set", "=".join(pair))]
        return ["proxy", "--mode", mode, "--listen-port", str(self.port), *settings, *self._arguments]

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> Self:
        """Start it and wait until it answers. Raises `DidNotStart`."""
        with self.log.open("ab") as log:
            self._process = self.spawn(log.fileno())
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def spawn(self, log: int) -> Process:
        """Begin its process, which writes to the file `log`."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "addon.cli.main", *self.command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us; we end the proxy
        )

    def stop(self) -> None:
        """Terminate it; kill it after `END_LIMIT`."""
        self._process.terminate()
        try:
            self._process.wait(END_LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill it with SIGKILL; its worker processes end when their task is done."""
        self._process.kill()
        self._process.wait()

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def log_text(self) -> str:
        """Everything that it and its predecessors wrote to the log."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_ready(self) -> None:
        """Wait until a routed List is answered by anything but 503: sockets are open before the rest is."""
        limit, pause = time.monotonic() + START_LIMIT, 0.05
        proxy = self.url if self.mode == "regular" else None
        with httpx.Client(proxy=proxy, trust_env=False, timeout=10) as client:
            while time.monotonic() < limit:
                if self.ended:
                    code = self._process.returncode
                    raise DidNotStart(f"the proxy ended with code {code}:\n{self.log_text()}")
                if self._answers(client):
                    return
                time.sleep(pause)
                pause = min(0.5, 1.3 * pause)
        raise DidNotStart(f"the proxy was silent for {START_LIMIT:.0f} s:\n{self.log_text()}")

    def _answers(self, client: httpx.Client) -> bool:
        host = "http://bedrock.us-east-1.amazonaws.com" if self.mode == "regular" else self.url
        try:
            answer = client.get(f"{host}/model-invocation-jobs", headers={"x-model-provider": "openai"})
        except httpx.TransportError:
            return False
        return answer.status_code != httpx.codes.SERVICE_UNAVAILABLE


def free_port() -> int:
    """A port that no process listens on, and that no outgoing connection is given meanwhile."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """TOML of flat sections; JSON's strings, numbers, booleans and lists are TOML's."""
    lines: list[str] = []
    for name, members in sections.items():
        lines.append(f"[{name}]")
        lines += [f"{json.dumps(key)} = {json.dumps(value)}" for key, value in members.items()]
    return "\n".join(lines) + "\n"
