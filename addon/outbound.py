"""Which proxy our own calls to providers and S3 go through: the environment's, unless that is ourselves."""

from collections.abc import Mapping


def proxy_for(url: str, environment: Mapping[str, str], own: set[tuple[str, int]]) -> str | None:
    """The proxy that the environment names for this URL, or None for a direct connection."""
    raise NotImplementedError
