"""Provider names as users may write them."""

from collections.abc import Iterable


def canonical_name(name: str, known: Iterable[str]) -> str:
    """The known name that equals this one but for case and outer spaces; else the name in lower case."""
    plain = name.strip().lower()
    return {one.lower(): one for one in known}.get(plain, plain)
