import logging

import pytest
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.exceptions import OptionsError
from mitmproxy.test import taddons

from addon.mitmdump import script
from addon.proxy.addon import BedrockBatch


def _errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def test_mitmproxy_loads_the_script(caplog: pytest.LogCaptureFixture) -> None:
    with taddons.context() as context:  # type: ignore[no-untyped-call]  # mitmproxy's own
        loaded = context.script(script.__file__)
        assert [type(addon) for addon in loaded.addons] == [BedrockBatch]
        assert context.options.batch_workers == 2
        assert context.master.addons.get("bedrock_batch") is loaded.addons[0]
    assert _errors(caplog) == []


async def test_values_given_before_the_script_was_loaded_are_taken() -> None:
    with taddons.context() as context:  # type: ignore[no-untyped-call]  # mitmproxy's own
        context.options.set("batch_workers=5", defer=True)
        context.script(script.__file__)
        assert context.options.batch_workers == 5


@pytest.mark.parametrize("value", ["batch_workers=two", "batch_resign=maybe"])
async def test_a_value_that_cannot_be_read_stops_the_start(
    caplog: pytest.LogCaptureFixture, value: str
) -> None:
    with taddons.context() as context:  # type: ignore[no-untyped-call]  # mitmproxy's own
        context.options.set(value, defer=True)
        with pytest.raises(OptionsError):  # which mitmproxy, loading it in a task, never shows
            context.script(script.__file__)
    (error,) = _errors(caplog)
    assert error.startswith("bedrock-batch cannot start: Failed to parse option batch_")


@pytest.mark.parametrize(("strategy", "warnings"), [("eager", 1), ("lazy", 0)])
async def test_an_eager_connection_strategy_is_warned_of(
    caplog: pytest.LogCaptureFixture, strategy: str, warnings: int
) -> None:
    with taddons.context(Proxyserver()) as context:  # type: ignore[no-untyped-call]  # mitmproxy's own
        context.options.connection_strategy = strategy
        script.running()
    assert caplog.text.count("Add --set connection_strategy=lazy") == warnings


async def test_libraries_that_announce_every_call_are_quietened() -> None:
    with taddons.context(Proxyserver()):  # type: ignore[no-untyped-call]  # mitmproxy's own
        script.running()
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
