from pathlib import Path

import orjson
import pytest

from addon.proxy.admission import Caller
from addon.proxy.options import Settings
from addon.proxy.services import CannotStart, start
from addon.settings.config import Config, JobsSection
from tests.addon.proxy.proxying import CREATE


def _settings(folder: Path, database: str = "") -> Settings:
    config = Config(jobs=JobsSection(folder=folder))
    return Settings(config=config, database=database or config.database, workers=0)


async def test_a_job_accepted_here_is_known_after_a_restart(tmp_path: Path) -> None:
    caller = Caller(provider="openai", region="us-east-1", key="sk-caller")
    services = await start(_settings(tmp_path), set())
    try:
        arn = orjson.loads(await services.operations.create(orjson.dumps(CREATE), caller))["jobArn"]
    finally:
        await services.close()
    services = await start(_settings(tmp_path), set())
    try:
        assert orjson.loads(await services.operations.get(arn))["status"] == "Submitted"
    finally:
        await services.close()


@pytest.mark.parametrize(
    ("database", "words"),
    [
        ("sqlite:////proc/no/jobs.db", "batch_database sqlite:////proc/no/jobs.db cannot be opened"),
        ("postgresql+nosuch://u:secret@h/x", r"batch_database postgresql\+nosuch://u:\*\*\*@h/x cannot be"),
    ],
)
async def test_a_database_that_cannot_be_opened_is_named_without_its_password(
    tmp_path: Path, database: str, words: str
) -> None:
    with pytest.raises(CannotStart, match=words) as refusal:
        await start(_settings(tmp_path, database), set())
    assert "secret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


async def test_a_secret_that_is_none_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("not a key")
    with pytest.raises(CannotStart, match=r"secret\.key is not a key"):
        await start(_settings(tmp_path), set())


async def test_a_file_that_is_no_database_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").write_bytes(b"something else entirely" * 100)
    with pytest.raises(CannotStart, match="not a database"):
        await start(_settings(tmp_path), set())
