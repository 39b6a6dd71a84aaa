"""Runs the S3 server, the provider and the proxy of the demo on this machine."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from addon.demo.fake_provider.batch import Timing
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess

REGION = "us-east-1"
MODEL = "gpt-5.4-mini"
TIMING = Timing(seconds=1.2)
PROXY = "proxy"
"""The proxy's folder in the folder of the demo."""

_OTHER_ACCOUNTS = ("AWS_", "OPENAI_", "BEDROCK_BATCH_")
_OTHER_NETWORKS = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


class NoS3Server(Exception):
    """moto is not installed."""


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Everything that runs."""

    s3_url: str
    provider: BatchServer
    proxy: ProxyProcess


@contextmanager
def started_servers(folder: Path, environment: Mapping[str, str]) -> Iterator[Servers]:
    """Start everything, with its files in the folder. Raises `NoS3Server`, `DidNotStart`."""
    with ExitStack() as stack:
        s3_url = stack.enter_context(s3_server())
        provider = stack.enter_context(BatchServer(timing=TIMING))
        proxy = ProxyProcess(
            folder / PROXY,
            environment={
                **without_accounts(environment, folder),
                **aws_variables(s3_url),
                "OPENAI_API_KEY": provider.key,
                "OPENAI_BASE_URL": provider.url,
            },
            settings={"batch_provider": "openai"},
            config={"jobs": {"poll_interval": 0.2}, "providers.openai.models": {"*": MODEL}},
        )
        yield Servers(s3_url=s3_url, provider=provider, proxy=stack.enter_context(proxy))


@contextmanager
def s3_server() -> Iterator[str]:
    """moto's S3 server on a free port; the value is its URL. Raises `NoS3Server`."""
    try:
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        raise NoS3Server(f"the demo needs an S3 server that is not installed ({error})") from error
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def without_accounts(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment without the user's own accounts and proxies, AWS's files included."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith(_OTHER_ACCOUNTS) and name.upper() not in _OTHER_NETWORKS
    }
    return {
        **kept,
        "AWS_CONFIG_FILE": str(folder / "no-aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def aws_variables(s3_url: str) -> dict[str, str]:
    """The variables with which a program uses the S3 server, which takes any key."""
    return {
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_S3": s3_url,
    }
