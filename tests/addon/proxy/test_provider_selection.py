"""Selection among several providers, with providers on real sockets."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from addon.demo.fake_provider.faults import Cut, Refuse
from addon.demo.fake_provider.server import BatchServer
from addon.providers.transport import Transport
from addon.proxy.admission import Admission, Caller
from addon.proxy.provider_selection import Choice, FallbackToBedrock, choose, network_probe
from addon.settings.config import Config
from tests.addon.proxy.proxying import CREATE, nobody_refuses
from translators.bedrock.jobs import AwsError, CreateModelInvocationJobRequest, create_request

NOWHERE = "http://127.0.0.1:1/v1"


def asked() -> CreateModelInvocationJobRequest:
    return create_request(orjson.dumps({**CREATE, "modelId": "anthropic.claude-3-haiku-20240307-v1:0"}))


def section(url: str, **values: Any) -> dict[str, Any]:
    return {"kind": "openai", "base_url": url, "api_key": "env:KEY", "models": {"*": "a-model"}, **values}


def admission(**sections: dict[str, Any]) -> Admission:
    config = Config.model_validate({"providers": sections})
    return Admission(config=config, environment={"KEY": "demo-key"})


def caller(*names: str, key: str | None = None) -> Caller:
    first, *others = names
    return Caller(
        provider=first, fallbacks=tuple(others), region="us-east-1", account="123456789012", key=key
    )


def names(choice: Choice) -> list[str]:
    return [assignment.provider for assignment in choice.assignments]


@pytest.fixture
def chosen() -> Callable[[Admission, Caller], Awaitable[Choice]]:
    async def choice(admission: Admission, caller: Caller) -> Choice:
        transport = Transport()
        try:
            return await choose(admission, network_probe(transport), asked(), caller)
        finally:
            await transport.close()

    return choice


type Chosen = Callable[[Admission, Caller], Awaitable[Choice]]


async def test_the_first_that_is_there_takes_it_and_the_others_stand_by(chosen: Chosen) -> None:
    with BatchServer() as one, BatchServer() as two:
        choice = await chosen(
            admission(one=section(one.url), two=section(two.url)), caller("one", "two", "bedrock")
        )
        first, second = choice.assignments
        assert (first.provider, second.provider) == ("one", "two")
        assert first == replace(second, provider="one")
        assert (first.kind, first.mode, first.model) == ("openai", "batch", "a-model")
        assert two.seen == []


async def test_the_only_one_is_not_asked_first(chosen: Chosen) -> None:
    choice = await chosen(admission(one=section(NOWHERE)), caller("one"))
    assert names(choice) == ["one"]


async def test_asking_costs_nothing(chosen: Chosen) -> None:
    with BatchServer() as one:
        await chosen(admission(one=section(one.url)), caller("one", "bedrock"))
        assert [seen.method for seen in one.seen] == ["GET"]
        assert not one.batches


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (section(NOWHERE), "one: "),
        (section(NOWHERE, api_key="env:NO_SUCH_KEY"), "NO_SUCH_KEY"),
        (section(NOWHERE, models={}), "one"),
    ],
    ids=["out of reach", "without a key", "without a model"],
)
async def test_the_next_takes_what_the_first_cannot(chosen: Chosen, first: dict[str, Any], why: str) -> None:
    with BatchServer() as two:
        choice = await chosen(admission(one=first, two=section(two.url)), caller("one", "two"))
    assert names(choice) == ["two"]
    assert [why in refusal.message for refusal in choice.refusals] == [True]


@pytest.mark.parametrize("fault", [Refuse(401, "no such key"), Refuse(503, "down"), Cut()])
async def test_the_next_takes_what_the_first_refuses(chosen: Chosen, fault: Exception) -> None:
    def refuses(point: str, number: int) -> None:
        raise fault

    with BatchServer(at=refuses) as one, BatchServer() as two:
        choice = await chosen(admission(one=section(one.url), two=section(two.url)), caller("one", "two"))
    assert names(choice) == ["two"]
    assert choice.refusals[0].message.startswith("one: ")


async def test_a_provider_that_asks_to_slow_down_takes_the_job(chosen: Chosen) -> None:
    def busy(point: str, number: int) -> None:
        raise Refuse(429, "slow down")

    with BatchServer(at=busy) as one, BatchServer() as two:
        choice = await chosen(admission(one=section(one.url), two=section(two.url)), caller("one", "two"))
    assert names(choice) == ["one", "two"]


async def test_error_has_the_reasons_of_all_providers(chosen: Chosen) -> None:
    sections = {"one": section(NOWHERE), "two": section(NOWHERE, api_key="env:NO_SUCH_KEY")}
    with pytest.raises(AwsError, match=r"one: .*; .*NO_SUCH_KEY") as refusal:
        await chosen(admission(**sections), caller("one", "two"))
    assert refusal.value.error_type == "AccessDeniedException"


async def test_bedrock_is_the_last_fallback(chosen: Chosen) -> None:
    with pytest.raises(FallbackToBedrock, match="one: "):
        await chosen(admission(one=section(NOWHERE)), caller("one", "bedrock"))


async def test_caller_key_is_for_the_first_provider_only() -> None:
    sections = {"one": section(NOWHERE), "two": section(NOWHERE, api_key="env:NO_SUCH_KEY")}
    choice = await choose(
        admission(**sections), nobody_refuses, asked(), caller("one", "two", key="sk-caller")
    )
    assert names(choice) == ["one"]
