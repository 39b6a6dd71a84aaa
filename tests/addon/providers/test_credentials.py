"""Provider credentials: keys that a header can carry, and their redaction."""

import pytest

from addon.providers.credentials import PROVIDER_KEY_HEADERS, NoKey, access_headers, masked
from addon.providers.google_auth import GoogleCredentials
from addon.settings.config import Config
from translators.providers.registry import PROVIDERS, provider

KEY = "sk-example-key"


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_the_key_of_every_provider_is_redacted(name: str) -> None:
    headers = provider(name).headers(KEY)
    assert {header.lower() for header in headers} <= PROVIDER_KEY_HEADERS
    assert masked(f'{{"message":"{KEY} is wrong"}}'.encode(), headers) == b'{"message":"*** is wrong"}'


def test_a_key_that_is_a_short_word_is_not_redacted() -> None:
    words = b'{"error":{"message":"none of these is none"}}'
    assert masked(words, {"Authorization": "Bearer none"}) == words


def test_other_headers_are_not_redacted() -> None:
    words = b"application/json is wanted"
    assert masked(words, {"Content-Type": "application/json"}) == words


@pytest.mark.parametrize("key", [f"{KEY}\n", f"\u201c{KEY}\u201d", " a-key", ""])
async def test_a_key_that_no_header_can_carry_is_not_used(key: str) -> None:
    target = Config().target("openai")
    with pytest.raises(NoKey, match="the key has") as caught:
        await access_headers(target, key, GoogleCredentials())
    assert KEY not in str(caught.value)
