"""Recorded life-cycles over a real socket: our transport gets through, OpenAI's own client reads its own."""

import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import openai
import pytest

from addon.demo.fake_provider.faults import Cut, Half, Refuse
from addon.providers.transport import Transport
from tests.replay import Exchange, Fault, ReplayServer
from tests.translators.playing import Player, begun, endpoint_of
from translators.providers.conversation import Batch
from translators.providers.registry import PROVIDERS

RECORDINGS = Path(__file__).parents[1] / "recordings"
ALL = sorted(file.parent for file in RECORDINGS.glob("*/*/exchange.json"))
LIFE_CYCLES = [case for case in ALL if case.parent.name == "openai"]
JSON = "application/json"


def read(file: Path) -> Any:
    return json.loads(file.read_bytes())


def is_smooth(case: Path) -> bool:
    """Whether every conversation of a life-cycle comes to its outcome, with no request sent twice, and is
    held over HTTP."""
    exchanges = read(case / "exchange.json")
    told = read(case / "meta.json")["conversations"]
    return (
        all(exchange["response"] and exchange["response"]["status"] < 400 for exchange in exchanges)
        and all("outcome" in one for one in told)
        and not any(exchange["request"]["url"].startswith("gs://") for exchange in exchanges)
    )


SMOOTH = [case for case in ALL if is_smooth(case)]

each_life_cycle = pytest.mark.parametrize("case", LIFE_CYCLES, ids=lambda case: case.name)
each_smooth_one = pytest.mark.parametrize("case", SMOOTH, ids=lambda case: f"{case.parent.name}/{case.name}")


def called(client: openai.OpenAI, request: Exchange) -> object:
    """What the SDK makes of the answer to a recorded request."""
    parts = urlsplit(request["url"])
    query: dict[str, Any] = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    match (request["method"], *parts.path.removeprefix("/v1/").split("/")):
        case ("POST", "files"):
            return client.files.create(file=("lines.jsonl", io.BytesIO(b"{}\n")), purpose="batch")
        case ("GET", "files", id):
            return client.files.retrieve(id)
        case ("GET", "files", id, "content"):
            return client.files.content(id).text
        case ("POST", "batches"):
            return client.batches.create(**request["body"])
        case ("GET", "batches"):
            return client.batches.list(**query)
        case ("GET", "batches", id):
            return client.batches.retrieve(id)
        case ("POST", "batches", id, "cancel"):
            return client.batches.cancel(id)
        case other:
            raise AssertionError(f"no SDK call is known for {other}")


@each_life_cycle
def test_the_official_client_parses_each_answer(case: Path) -> None:
    exchanges = read(case / "exchange.json")
    with (
        ReplayServer(exchanges) as server,
        openai.OpenAI(base_url=server.url, api_key="test-key", max_retries=0) as client,
    ):
        for exchange in exchanges:
            check_parsed(client, exchange)
        assert (server.surprises, server.played) == ([], len(exchanges))


def check_parsed(client: openai.OpenAI, exchange: Exchange) -> None:
    answer = exchange["response"]
    if answer is None:
        with pytest.raises(openai.APIConnectionError):
            called(client, exchange["request"])
    elif answer["status"] >= 400:
        with pytest.raises(openai.APIStatusError) as refusal:
            called(client, exchange["request"])
        assert refusal.value.status_code == answer["status"]
        if isinstance(answer["body"], dict):
            assert refusal.value.body == answer["body"]["error"]
    else:
        parsed = called(client, exchange["request"])
        if isinstance(parsed, openai.BaseModel):
            assert parsed.to_dict(mode="json", warnings=False) == answer["body"]
        else:
            assert parsed == answer["body"]


def first_attempt_fails(fault: Exception, numbers: set[int]) -> Fault:
    def fails(exchange: int, attempt: int) -> None:
        if exchange in numbers and attempt == 0:
            raise fault

    return fails


@each_smooth_one
@pytest.mark.parametrize(
    "fault",
    [None, Cut(), Half(), Refuse(503), Refuse(429, headers={"retry-after": "0"})],
    ids=["none", "cut", "half", "503", "429"],
)
async def test_our_transport_gets_through_trouble(
    case: Path, fault: Exception | None, tmp_path: Path
) -> None:
    async def no_pause(_: float) -> None:
        return

    provider = case.parent.name
    exchanges = read(case / "exchange.json")
    gets = {
        number
        for number, exchange in enumerate(exchanges)
        if exchange["request"]["method"] == "GET"
        and exchange["response"]["body"] != ""  # of which there is no half
    }
    troubled = first_attempt_fails(fault, gets) if fault is not None else lambda *_: None
    path = urlsplit(endpoint_of(provider).base_url).path
    transport = Transport(environment={}, pause=no_pause)
    try:
        with ReplayServer(exchanges, path=path, delay=0.01, fault=troubled) as server:
            endpoint = endpoint_of(provider, server.url)
            batch: Batch | None = None
            for told in read(case / "meta.json")["conversations"]:
                once = told["name"] == "create"
                outcome = await transport.play(
                    begun(PROVIDERS[provider].batches, endpoint, told, batch), folder=tmp_path, once=once
                )
                batch = outcome if isinstance(outcome, Batch) else batch
            assert (server.surprises, server.played) == ([], len(exchanges))
    finally:
        await transport.close()
    assert files_in(tmp_path) == saved(case)


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def saved(case: Path) -> dict[str, bytes]:
    """The result files of a life-cycle, by their names."""
    provider = case.parent.name
    player = Player(iter(read(case / "exchange.json")), endpoint_of(provider))
    batch: Batch | None = None
    for told in read(case / "meta.json")["conversations"]:
        outcome = player.play(begun(PROVIDERS[provider].batches, player.endpoint, told, batch))
        batch = outcome if isinstance(outcome, Batch) else batch
    return player.saved
