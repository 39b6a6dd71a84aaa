"""What every test shares."""

import os
import signal
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import postgres

# A proxy starts in half of the time when its bytecode is kept; tests start hundreds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as where a script runs the tests with `&`
    signal.signal(signal.SIGINT, signal.default_int_handler)  # programs that tests interrupt inherit this

# The time of one example says nothing on a machine that others use too.
settings.register_profile("shared machine", deadline=None)
# pytest --hypothesis-profile=nightly --timeout=0
settings.register_profile("nightly", deadline=None, max_examples=10_000)
settings.load_profile("shared machine")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """`-n auto`: more than there are cores, since tests of the proxy wait half of their time."""
    return 2 * (os.process_cpu_count() or 1)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> postgres.Server:
    folder = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        folder = folder.parent
    # not below pytest's folder, to which each start of pytest takes other users' access away
    return postgres.Server(Path(tempfile.gettempdir()) / f"postgres-{zlib.crc32(bytes(folder)):08x}")


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> Iterator[str]:
    """SQLAlchemy's URL of an empty PostgreSQL database of the test's own."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLAlchemy's URL of an empty database, in the test run once with each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/jobs.db"
    url: str = request.getfixturevalue("postgres_url")
    return url
