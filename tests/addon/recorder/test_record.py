"""Captured flows become recordings that play, and hold no secret."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from addon.demo.fake_provider.faults import Cut, Point
from addon.demo.fake_provider.server import BatchServer
from addon.providers.retry_policy import LostAnswer
from addon.providers.transport import Transport
from addon.recorder.captures import RecordingFailed, read
from addon.recorder.record import EXAMPLES, KEY, write_recordings
from tests.addon.cli import programs
from tests.addon.recorder.capturing import Capture, captured
from tests.translators import playing
from tests.translators.test_recordings import (
    test_conversations_ask_what_was_asked_and_end_as_they_ended as life_cycle_plays,
)
from translators.errors import ProviderError
from translators.providers.conversation import Batch, Conversation, Endpoint, Marker, Search, Submission
from translators.providers.registry import PROVIDERS

SECRET = "sk-captured-5f0c8b1d2e3a49687766554433221100"
LINES = b"".join(
    json.dumps(
        {
            "custom_id": f"k3v9x0q2m7ab-{index}",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {
                "model": "gpt-5.4-mini",
                "messages": [{"role": "user", "content": f"{index}: my key is {SECRET}"}],
            },
        }
    ).encode()
    + b"\n"
    for index in range(3)
)


def a_submission(shard: int = 0, input_id: str = "") -> Submission:
    return Submission(
        marker=Marker(job="k3v9x0q2m7ab", shard=shard, round=0),
        model="gpt-5.4-mini",
        group="/v1/chat/completions",
        lines=3,
        input_id=input_id,
    )


@dataclass
class Client:
    """A client of a provider, through a capturing proxy."""

    server: BatchServer
    transport: Transport
    endpoint: Endpoint
    folder: Path
    batches: Any = field(default=PROVIDERS["openai"].batches)

    async def play[Outcome](self, conversation: Conversation[Outcome], *, once: bool = False) -> Outcome:
        return await self.transport.play(conversation, folder=self.folder, once=once)

    async def created(self, shard: int = 0) -> Batch:
        lines = io.BytesIO(LINES)
        input_id = await self.play(self.batches.upload(self.endpoint, a_submission(shard), lines))
        batch = await self.play(self.batches.create(self.endpoint, a_submission(shard, input_id), lines))
        assert isinstance(batch, Batch)
        return batch

    async def ended(self, batch: Batch) -> Batch:
        while batch.state == "running":
            batch = await self.play(self.batches.retrieve(self.endpoint, batch.id))
        await self.play(self.batches.results(self.endpoint, batch))
        return batch


async def a_client(server: BatchServer, capture: Capture, folder: Path) -> Client:
    transport = Transport(environment={"HTTP_PROXY": capture.url})
    endpoint = Endpoint(base_url=server.url, headers=PROVIDERS["openai"].headers(server.key))
    return Client(server, transport, endpoint, folder)


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Capture]:
    """Two batches at once, one of them made although its answer was lost, a third that is cancelled, an
    unknown one; and calls of another program."""
    import anyio

    folder = tmp_path_factory.mktemp("capture")
    with BatchServer(key=SECRET) as server:
        with captured(folder) as capture:
            anyio.run(_live, server, capture, folder)
            _other_program(server, capture)
        yield capture


async def _live(server: BatchServer, capture: Capture, folder: Path) -> None:
    client = await a_client(server, capture, folder)
    first = await client.created(0)

    def lose_it(point: Point, count: int) -> None:
        if point == "create:after":
            raise Cut

    server.at = lose_it
    lines = io.BytesIO(LINES)
    input_id = await client.play(client.batches.upload(client.endpoint, a_submission(1), lines))
    with pytest.raises(LostAnswer):
        await client.play(client.batches.create(client.endpoint, a_submission(1, input_id), lines), once=True)
    server.at = lambda point, count: None
    search = Search(since=0.0, claimed=frozenset())
    second = await client.play(client.batches.find(client.endpoint, a_submission(1, input_id), search))
    assert second is not None
    await client.ended(first)
    await client.ended(second)
    third = await client.created(2)
    await client.play(client.batches.cancel(client.endpoint, third.id))
    with pytest.raises(ProviderError):
        await client.play(client.batches.retrieve(client.endpoint, "batch_unknown"))
    await client.transport.close()


def _other_program(server: BatchServer, capture: Capture) -> None:
    seen: Any = openai.DefaultHttpxClient(proxy=capture.url, trust_env=False)  # whatever it is made of
    with openai.OpenAI(
        api_key=SECRET,
        organization="org-0captured0organisation0",
        base_url=server.url,
        http_client=seen,
    ) as client:
        file = client.files.create(file=("mine.jsonl", LINES), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        while client.batches.retrieve(batch.id).status != "completed":
            pass
    with httpx.Client(proxy=capture.url, trust_env=False) as network:
        network.get(f"{server.url}/files?key={SECRET}", headers={"cookie": f"session={SECRET}"})


def recorded(capture: Path, out: Path, **options: Any) -> dict[str, Path]:
    """The folders that were written, by name."""
    given = {"provider_name": "openai", "config": "", "most_records": 10, **options}
    return {written.folder.name: written.folder for written in write_recordings(capture, out, **given)}


@pytest.mark.parametrize("kind", ["flows", "har"])
def test_life_cycles_play(flows: Capture, tmp_path: Path, kind: str) -> None:
    folders = recorded(getattr(flows, kind), tmp_path)
    played = [folder for folder in folders.values() if (folder / "exchange.json").exists()]
    for folder in played:
        life_cycle_plays(folder)
    names = [
        [told["name"] for told in json.loads((folder / "meta.json").read_bytes())["conversations"]]
        for folder in played
    ]
    assert ["upload", "create", "retrieve", "results"] in [list(dict.fromkeys(told)) for told in names]
    assert ["upload", "create", "cancel"] in names
    assert ["retrieve"] in names
    assert any(told[:3] == ["upload", "create", "find"] and told[-1] == "results" for told in names)


def test_what_another_program_asked_is_kept_apart(flows: Capture, tmp_path: Path) -> None:
    folders = recorded(flows.flows, tmp_path)
    traffic = json.loads((folders["nightly-traffic"] / "traffic.json").read_bytes())
    assert [exchange["request"]["method"] for exchange in traffic] == ["POST", "POST", "GET"]


@pytest.mark.parametrize("kind", ["flows", "har"])
def test_no_secret_is_left(flows: Capture, tmp_path: Path, kind: str) -> None:
    capture: Path = getattr(flows, kind)
    assert SECRET.encode() in capture.read_bytes()
    recorded(capture, tmp_path)
    text = "\n".join(file.read_text(encoding="utf-8") for file in tmp_path.rglob("*.json"))
    assert SECRET not in text
    assert "captured0organisation" not in text
    assert "127.0.0.1" not in text
    assert "authorization" not in text.lower()
    assert "my key is scrubbed-key-" in text


def test_meta_says_what_it_rests_on(flows: Capture, tmp_path: Path) -> None:
    folder = next(iter(recorded(flows.flows, tmp_path).values()))
    rests_on = json.loads((folder / "meta.json").read_bytes())["rests_on"]
    assert rests_on.startswith("captured from live traffic on 20")
    assert rests_on.endswith(" with bedrock-batch record")


def test_unknown_hosts_are_traffic(flows: Capture, tmp_path: Path) -> None:
    assert list(recorded(flows.flows, tmp_path, provider_name="")) == ["nightly-traffic"]


def test_a_configured_address_needs_no_provider_to_be_named(flows: Capture, tmp_path: Path) -> None:
    url = read(flows.flows)[0].url.removesuffix("/files")
    config = tmp_path / "bedrock-batch.toml"
    config.write_text(f'[providers.team-a]\nkind = "openai"\nbase_url = "{url}"\n', encoding="utf-8")
    folders = recorded(flows.flows, tmp_path / "out", provider_name="", config=str(config))
    assert {folder.parent.name for folder in folders.values()} == {"openai"}


def test_command_says_what_it_wrote_and_does_not_write_twice(flows: Capture, tmp_path: Path) -> None:
    arguments = ["record", str(flows.flows), "--provider", "openai", "--out", "mine"]
    done = programs.run(arguments, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "mine/openai/nightly-1: life-cycle of " in done.stdout
    again = programs.run(arguments, tmp_path)
    assert (again.returncode, again.stderr) == (
        1,
        "bedrock-batch: mine/openai/nightly-1: File exists\n",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no flows", "Invalid data format"),
        (b"{}", "Unable to read HAR file"),
        (b"", "holds no HTTP exchange"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "flows"
    path.write_bytes(content)
    with pytest.raises(RecordingFailed, match=message):
        recorded(path, tmp_path / "out")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingFailed, match="No such file"):
        recorded(tmp_path / "flows", tmp_path / "out")


def test_an_unknown_provider_or_a_bad_configuration_is_refused(flows: Capture, tmp_path: Path) -> None:
    with pytest.raises(RecordingFailed, match="'nobody' is not a known provider"):
        recorded(flows.flows, tmp_path, provider_name="nobody")
    with pytest.raises(RecordingFailed, match=r"missing\.toml"):
        recorded(flows.flows, tmp_path, config="missing.toml")


def test_recordings_are_made_where_tests_play_them() -> None:
    assert dict(playing.ADDRESSES) == dict(EXAMPLES)
    assert playing.endpoint_of("openai").headers == PROVIDERS["openai"].headers(KEY)
