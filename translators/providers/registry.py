"""The providers a job can be sent to. Adding one is a folder, a line here and its recordings."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import override

from translators.providers.provider import Provider

_NAMES = (
    "anthropic",
    "azure",
    "cohere",
    "fireworks",
    "gemini",
    "groq",
    "mistral",
    "openai",
    "together",
    "vertex",
    "xai",
)
"""Each states its row as `PROVIDER` in `translators.providers.<name>.provider`."""


class UnknownProvider(LookupError):
    """No row of that name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{name!r} is not a known provider; known: {', '.join(known)}")


class _Providers(Mapping[str, Provider]):
    """Loads a provider's module when its row is asked for: a process that needs one need not load all."""

    @override
    def __getitem__(self, name: str) -> Provider:
        if name not in _NAMES:
            raise KeyError(name)
        row: Provider = import_module(f"translators.providers.{name}.provider").PROVIDER
        return row

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    @override
    def __len__(self) -> int:
        return len(_NAMES)


PROVIDERS: Mapping[str, Provider] = _Providers()


def provider(name: str) -> Provider:
    """The row of this name. Raises `UnknownProvider`."""
    try:
        return PROVIDERS[name]
    except KeyError:
        raise UnknownProvider(name, tuple(PROVIDERS)) from None
