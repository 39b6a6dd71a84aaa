"""How people may write a provider's name."""

from collections.abc import Iterable


def as_known(name: str, known: Iterable[str]) -> str:
    """The known name that is meant: neither case nor spaces around it matter. One that nobody knows stays."""
    plain = name.strip().lower()
    return {one.lower(): one for one in known}.get(plain, plain)
