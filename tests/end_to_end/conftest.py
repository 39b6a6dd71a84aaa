"""S3, a provider and proxies for end-to-end tests: real sockets, real processes, no network."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest

from addon.demo.fake_provider.account import completes
from addon.demo.fake_provider.batch import Timing
from addon.demo.fake_provider.endpoints import answer
from addon.demo.fake_provider.faults import nothing
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import Mode, ProxyProcess
from addon.demo.servers import s3_server, without_accounts
from tests.end_to_end.fork_server import ForkedProxy
from tests.end_to_end.harness import REGION, Bucket, Client, bedrock, client

PROXY_AWS = {"AWS_ACCESS_KEY_ID": "the-proxys-access-key", "AWS_SECRET_ACCESS_KEY": "the-proxys-secret-key"}
PROVIDER_KEY = "the-providers-key"
PROVIDERS: Mapping[str, Mapping[str, Any]] = {
    "providers.openai.models": {"anthropic.claude-3-haiku-*": "gpt-5.4-mini"},
    "providers.small": {"kind": "openai", "max_requests_per_batch": 100},
    "providers.small.models": {"*": "gpt-5.4-mini"},
    "providers.wrong": {"kind": "openai", "api_key": "env:WRONG_KEY"},
    "providers.wrong.models": {"*": "gpt-5.4-mini"},
    "providers.keyless": {"kind": "openai", "api_key": "env:NO_SUCH_KEY"},
    "providers.keyless.models": {"*": "gpt-5.4-mini"},
}
"""`openai`, `small` (ten batches for a thousand records), `wrong` (a key that is refused) and `keyless`."""


POLL_INTERVAL = 0.5
"""Seconds. A proxy that does nothing looks into its database as often; ten of them would need a core for
that. Those that tests share end with their module for the same reason."""


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Keep the tests of a module together: they share a proxy, and a proxy takes seconds to start."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


class StartProxy(Protocol):
    """Starts proxies that end with the test."""

    def __call__(
        self,
        *,
        mode: Mode = "regular",
        settings: Mapping[str, str] = ...,
        config: Mapping[str, Mapping[str, Any]] = ...,
        arguments: Sequence[str] = ...,
    ) -> ProxyProcess: ...


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """How often to kill at random: ten times as often in the nightly profile."""
    nightly = request.config.getoption("--hypothesis-profile") == "nightly"
    return lambda count: 10 * count if nightly else count


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture(scope="session")
def s3(s3_url: str) -> Iterator[Client]:
    with closing(client("s3", endpoint=s3_url)) as made:
        yield made


@pytest.fixture
def bucket(s3: Client) -> Bucket:
    name = f"bucket-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return Bucket(s3, name)


@pytest.fixture(scope="session")
def one_provider() -> Iterator[BatchServer]:
    with BatchServer(key=PROVIDER_KEY) as server:
        yield server


@pytest.fixture
def provider(one_provider: BatchServer) -> Iterator[BatchServer]:
    """The provider behind every proxy: without faults or delays, unless the test sets them."""
    one_provider.seen.clear()
    one_provider.batches.clear()
    one_provider.files.clear()
    yield one_provider
    one_provider.answer, one_provider.timing = answer, Timing()
    one_provider.outcome, one_provider.at = completes, nothing
    one_provider.key = PROVIDER_KEY


def prepared(
    folder: Path,
    s3_url: str,
    server: BatchServer,
    *,
    mode: Mode = "regular",
    settings: Mapping[str, str] | None = None,
    config: Mapping[str, Mapping[str, Any]] | None = None,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    kind: type[ProxyProcess] = ForkedProxy,
) -> ProxyProcess:
    """A proxy in front of the provider, not started yet; a section in `config` replaces the usual one."""
    return kind(
        folder,
        environment={
            **without_accounts(os.environ, folder),
            **PROXY_AWS,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL_S3": s3_url,
            "HOME": str(folder),
            "OPENAI_API_KEY": server.key,
            "OPENAI_BASE_URL": server.url,
            "WRONG_KEY": "not-the-providers-key",
            **(environment or {}),
        },
        mode=mode,
        settings={"flow_detail": "0", "batch_dashboard": "", **(settings or {})},
        config={"jobs": {"poll_interval": POLL_INTERVAL, "search_seconds": 1}, **PROVIDERS, **(config or {})},
        arguments=arguments,
    )


SHARED = {"jobs": {"poll_interval": POLL_INTERVAL, "keep_provider_files": True}}
"""Of proxies that tests share: files deleted after a job's end would be seen by the next test's provider."""


def alive(proxy: ProxyProcess) -> ProxyProcess:
    """A proxy that tests share, started again if the last one left it dead."""
    return proxy.start() if proxy.ended else proxy


@pytest.fixture(scope="module")
def regular_proxy(
    s3_url: str, one_provider: BatchServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProxyProcess]:
    """The proxy of every test that needs nothing special; it routes by header only."""
    with prepared(tmp_path_factory.mktemp("regular"), s3_url, one_provider, config=SHARED) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def reverse_proxy(
    s3_url: str, one_provider: BatchServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProxyProcess]:
    folder = tmp_path_factory.mktemp("reverse")
    with prepared(folder, s3_url, one_provider, mode="reverse", config=SHARED) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def log_on_failure(request: pytest.FixtureRequest) -> Iterator[None]:
    """Puts the log of a shared proxy during a test beside the test's failure."""
    names = {"regular_proxy", "reverse_proxy"}.intersection(request.fixturenames)
    proxies: list[ProxyProcess] = [request.getfixturevalue(name) for name in names]
    before = [len(proxy.log_text()) for proxy in proxies]
    yield
    for proxy, length in zip(proxies, before, strict=True):
        print(proxy.log_text()[length:])


@pytest.fixture
def proxy(regular_proxy: ProxyProcess, provider: BatchServer) -> ProxyProcess:
    return regular_proxy


@pytest.fixture
def start_proxy(s3_url: str, provider: BatchServer, tmp_path: Path) -> Iterator[StartProxy]:
    """Starts proxies of the test's own. One that was killed can be started again where it stopped."""
    with ExitStack() as stack:

        def start(**arguments: Any) -> ProxyProcess:
            folder = tmp_path / f"proxy-{len(os.listdir(tmp_path))}"
            return stack.enter_context(prepared(folder, s3_url, provider, **arguments))

        yield start


@pytest.fixture
def routed(proxy: ProxyProcess) -> Iterator[Client]:
    """A Bedrock client whose Create calls, and only these, go to `openai`."""
    with bedrock(proxy, provider="openai") as made:
        yield made


@pytest.fixture
def routed_to(proxy: ProxyProcess) -> Iterator[Callable[[str], Client]]:
    """Bedrock clients whose Create calls go to the provider named."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(bedrock(proxy, provider=name))
