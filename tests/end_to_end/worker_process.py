"""Runs `bedrock-batch worker` in a process of its own."""

import signal
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.end_to_end.fork_server import fork


class WorkerProcess:
    """A worker. A context manager; it can be killed, paused and started again."""

    def __init__(self, folder: Path, config: Path, database: str, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._command = ["worker", "--config", str(config), "--database", database, "--dashboard", ""]
        self._environment = dict(environment)
        self.log = folder / "worker.log"

    def start(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = fork(
                self._command, folder=self._folder, environment=self._environment, log=log.fileno()
            )
        return self

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def wait(self) -> int:
        return self._process.wait(60)

    @property
    def runs(self) -> bool:
        """Whether it has joined the fleet."""
        return "running jobs as" in self.log.read_text()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.send(signal.SIGCONT)
        self.kill()
        print(self.log.read_text(encoding="utf-8", errors="replace"))
