"""Runs `bedrock-batch worker` in a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self


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
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "addon.cli.main", *self._command],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
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
