import base64

import pytest
from mitmproxy.http import Headers

from addon.proxy.caller_keys import UnreadableKey, caller_key, redact
from tests.addon.proxy.proxying import SIGNATURE


def _basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, None),
        ({"authorization": "Bearer sk-caller"}, "sk-caller"),
        ({"Authorization": "bearer   sk-caller "}, "sk-caller"),
        ({"authorization": _basic("anybody:sk-caller")}, "sk-caller"),
        ({"authorization": _basic(":with:colons")}, "with:colons"),
        ({"x-api-key": " sk-caller "}, "sk-caller"),
        ({"x-api-key": ""}, None),
        ({"authorization": SIGNATURE}, None),
        ({"authorization": SIGNATURE, "x-api-key": "sk-caller"}, "sk-caller"),
        ({"authorization": "Bearer sk-first", "x-api-key": "sk-second"}, "sk-first"),
        ({"authorization": "Bearer ABSKQmVkcm9jaw=="}, None),
        ({"authorization": "Bearer bedrock-api-key-YmVk"}, None),
        ({"authorization": "Bearer bedrock-api-key-YmVk", "x-api-key": "sk-caller"}, "sk-caller"),
    ],
)
def test_key_of_the_caller(headers: dict[str, str], key: str | None) -> None:
    assert caller_key(Headers((), **headers)) == key


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer  ", "Basic not-base64!", _basic("nobody"), _basic("nobody:"), "Basic gICA"]
)
def test_authorization_without_a_key_is_refused(header: str) -> None:
    with pytest.raises(UnreadableKey, match="Authorization"):
        caller_key(Headers(authorization=header))


def test_redaction_keeps_the_scheme_and_no_secret() -> None:
    headers = Headers(
        [
            (b"Authorization", SIGNATURE.encode()),
            (b"X-Amz-Security-Token", b"token"),
            (b"X-Api-Key", b"sk-caller"),
            (b"Host", b"bedrock"),
        ]
    )
    redact(headers)
    assert headers.fields == (
        (b"Authorization", b"AWS4-HMAC-SHA256 ***"),
        (b"X-Amz-Security-Token", b"***"),
        (b"X-Api-Key", b"***"),
        (b"Host", b"bedrock"),
    )
