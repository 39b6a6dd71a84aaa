import re
import socket
from pathlib import Path

import httpx
import orjson
import pytest

from addon.proxy.admission import Caller
from addon.proxy.options import Settings
from addon.proxy.services import CannotStart, start
from addon.settings.config import Config, DashboardSection, JobsSection
from addon.web.dashboard.address import Address
from tests.addon.proxy.proxying import CREATE


def _settings(folder: Path, port: int = 0, **dashboard: str) -> Settings:
    config = Config(jobs=JobsSection(folder=folder), dashboard=DashboardSection(**dashboard))
    address = Address(host="127.0.0.1", port=port)
    return Settings(config=config, database=config.database, workers=0, dashboard=address)


async def test_the_printed_link_opens_the_jobs_and_actions_reach_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    services = await start(_settings(tmp_path), set())
    try:
        caller = Caller(provider="openai", region="us-east-1", key="sk-caller")
        arn = orjson.loads(await services.operations.create(orjson.dumps(CREATE), caller))["jobArn"]
        job = arn[-12:]
        found = re.search(r"Dashboard: (http://\S+token=(\S+))", caplog.text)
        assert found is not None
        assert services.dashboard is not None
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            assert job in (await client.get(found[1])).text
            link = services.dashboard.job_link(job, 3)
            assert link.endswith(f"/batch/jobs/{job}#record-3")
            assert (await client.get(link)).status_code == 200
            headers = {"Authorization": f"Bearer {found[2]}"}
            refused = await client.post(link.replace("#record-3", "/retry"), headers=headers)
            assert (refused.status_code, "is not over" in refused.text) == (409, True)
            stopped = await client.post(link.replace("#record-3", "/stop"), headers=headers)
            assert stopped.status_code == 303
        assert orjson.loads(await services.operations.get(arn))["status"] == "Stopping"
    finally:
        await services.close()


async def test_a_port_that_is_taken_stops_the_start_where_it_was_asked_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"batch_dashboard: 127\.0\.0\.1:{port}: "):
            await start(_settings(tmp_path, port), set())


async def test_a_token_without_its_variable_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="NO_SUCH_TOKEN is not set"):
        await start(_settings(tmp_path, token="env:NO_SUCH_TOKEN"), set())


@pytest.mark.parametrize(
    "text", ["8082", "host", "host:port", "http://host:1", "host:1/path", "a@host:1", ":1"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"host:port|out of range|could not be cast"):
        Address.parse(text)
