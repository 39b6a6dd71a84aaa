from pathlib import Path

import anyio
import pytest

from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.store import Store
from addon.jobs.key_vault import KeyVault
from addon.jobs.resources import Resources
from addon.providers.transport import Transport
from addon.settings.config import Config
from addon.storage.s3 import S3


def spool(folder: Path, database: str) -> Path:
    config = Config.model_validate({"jobs": {"folder": folder}})
    store = Store(database or config.database)
    resources = Resources(
        config=config,
        executor="here",
        store=AsyncStore(store),
        keys=KeyVault(folder, {}),
        s3=S3(config.s3),
        transport=Transport(),
        poll_interval=1,
        workers=anyio.CapacityLimiter(1),
    )
    store.close()
    return resources.spool


async def test_every_database_has_a_spool_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    urls = ["", f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"]
    folders = [spool(tmp_path, url) for url in urls]
    assert len(set(folders)) == 3
    assert {folder.parent for folder in folders} == {tmp_path}
    assert spool(tmp_path, "sqlite:///a.db") == folders[1]
    assert spool(tmp_path, f"sqlite:///{tmp_path}/jobs.db") == folders[0]
