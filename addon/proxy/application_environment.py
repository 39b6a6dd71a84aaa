"""Environment variables of an application that sends its AWS calls through the proxy."""

import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

NO_PROXY_HOSTS = (
    "localhost",
    "127.0.0.1",
    "169.254.169.254",  # instance metadata
    "169.254.170.2",  # task role of ECS
    "169.254.170.23",  # pod identity of EKS
    "fd00:ec2::254",
    "fd00:ec2::23",
)
"""Hosts that are never called through the proxy: local ones, and AWS's credential endpoints."""


def application_environment(
    environment: Mapping[str, str], url: str, bundle: Path, endpoint: str | None = None
) -> dict[str, str]:
    """The environment with proxy and CA variables; `bundle`: file of CA certificates; `endpoint`: a reverse
    proxy for SDKs that read no proxy variables, such as those for JavaScript and Java."""
    earlier = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    direct = ",".join(
        dict.fromkeys([*NO_PROXY_HOSTS, *filter(None, (part.strip() for part in earlier.split(",")))])
    )
    return {
        **environment,
        "HTTPS_PROXY": url,
        "https_proxy": url,
        "NO_PROXY": direct,
        "no_proxy": direct,
        "AWS_CA_BUNDLE": str(bundle),
        "REQUESTS_CA_BUNDLE": str(bundle),
        **({} if endpoint is None else {"AWS_ENDPOINT_URL_BEDROCK": endpoint}),
    }


def proxy_bypasses(environment: Mapping[str, str]) -> Iterator[str]:
    """The variables that keep Bedrock calls away from the proxy, each with the reason."""
    direct = {"no": environment["NO_PROXY"]}
    bypass = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined]  # botocore asks the same
    if bypass("bedrock.us-east-1.amazonaws.com", direct):
        yield f"NO_PROXY={environment['NO_PROXY']} exempts them"
    for name in ("AWS_ENDPOINT_URL_BEDROCK", "AWS_ENDPOINT_URL"):
        if environment.get(name, "").startswith("http://"):
            yield f"{name} is plain HTTP"
