"""No secret of a captured exchange may be in what is kept of it."""

import base64
import json
from dataclasses import asdict
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from addon.recorder.captures import Exchange, Headers, Response
from addon.recorder.redaction import redacted

ACCESS_KEY = "AKIA" + "Q" * 15 + "7"
SIGNED = f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20260102/us-east-1/s3/aws4_request, SignedHeaders=host, "


def an_exchange(
    url: str = "https://api.openai.com/v1/batches",
    headers: Headers = (),
    body: str = "",
    *,
    response: str = "",
    response_headers: Headers = (),
) -> Exchange:
    answered = Response(status=200, headers=response_headers, body=response)
    return Exchange(method="POST", url=url, headers=headers, body=body, response=answered, began=0)


def shown(*exchanges: Exchange) -> str:
    return json.dumps([asdict(exchange) for exchange in redacted(exchanges)], ensure_ascii=False)


def a_secret(text: str) -> str:
    """Long enough to be one, and like nothing else."""
    return f"Zq7{text}x9Kv2"


SECRETS = st.text(st.characters(min_codepoint=33, exclude_categories=["Cs", "Z"]), max_size=20).map(a_secret)
WORDS = st.text("aZ09_-.~", min_size=4, max_size=30).map(a_secret)


@given(key=WORDS, member=SECRETS, parameter=SECRETS, password=SECRETS)
@example(key=a_secret("0000"), member=a_secret(""), parameter=a_secret(""), password=a_secret("%2D"))
def test_no_secret_of_the_input_is_in_the_output(
    key: str, member: str, parameter: str, password: str
) -> None:
    basic = base64.b64encode(f"user:{password}".encode()).decode()
    said = {"error": {"message": f"{key} {member} {parameter} {password}"}, "access_token": member}
    exchanges = (
        an_exchange(
            f"https://host/path?a=1&key={quote(parameter, safe='')}",
            (("authorization", f"Bearer {key}"), ("content-type", "application/json")),
            json.dumps({"api_key": member, "text": f"use {key}, {json.dumps(member)}"}),
            response=json.dumps(said, ensure_ascii=False),
            response_headers=(
                ("set-cookie", f"session={key}; path=/"),
                ("location", f"https://h/?sig={key}"),
            ),
        ),
        an_exchange(headers=(("proxy-authorization", f"Basic {basic}"),), response=json.dumps(said)),
        an_exchange(body=json.dumps({"body": json.dumps(said)})),
    )
    text = shown(*exchanges)
    for secret in (key, member, parameter, password, basic):
        for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe="")):
            assert form not in text
            assert json.dumps(form)[1:-1] not in text


CASES = {
    "bearer": an_exchange(headers=(("authorization", "Bearer SECRETVALUE"),), response="it is SECRETVALUE"),
    "api key": an_exchange(headers=(("x-api-key", "SECRETVALUE"),), body='{"echo":"SECRETVALUE"}'),
    "azure's key": an_exchange(headers=(("api-key", "SECRETVALUE"),), response="SECRETVALUE"),
    "google's key": an_exchange(headers=(("x-goog-api-key", "SECRETVALUE"),), response="SECRETVALUE"),
    "virtual key": an_exchange(headers=(("x-bf-vk", "SECRETVALUE"),), response="SECRETVALUE"),
    "cookie": an_exchange(headers=(("cookie", "a=b; id=SECRETVALUE"),), response="SECRETVALUE"),
    "set-cookie": an_exchange(
        response_headers=(("set-cookie", "id=SECRETVALUE; path=/"),), response="SECRETVALUE"
    ),
    "key in the query": an_exchange("https://h/v1beta/models?key=SECRETVALUE&a=1"),
    "signature": an_exchange(
        headers=(("authorization", f"{SIGNED}Signature=SECRETVALUE"),), body="SECRETVALUE"
    ),
    "session token": an_exchange(headers=(("x-amz-security-token", "SECRETVALUE"),), response="SECRETVALUE"),
    "presigned URL": an_exchange("https://b.s3.amazonaws.com/k?X-Amz-Signature=SECRETVALUE&X-Amz-Expires=60"),
    "signed URL in JSON": an_exchange(
        response='{"url":"https://b/k?x=1\\u0026X-Amz-Credential=SECRETVALUE"}'
    ),
    "Google's signed URL": an_exchange(response='{"u":"https://storage/k?X-Goog-Signature=SECRETVALUE"}'),
    "Azure's signed URL": an_exchange(response='{"u":"https://x.blob/k?sv=1&sig=SECRETVALUE%3D"}'),
    "upload session": an_exchange(
        response_headers=(("x-goog-upload-url", "https://u/f?upload_id=SECRETVALUE"),)
    ),
    "user and password": an_exchange("https://me:SECRETVALUE@host/v1"),
    "token exchange": an_exchange(body="grant_type=x&client_secret=SECRETVALUE&scope=y"),
    "token that was given": an_exchange(response='{"access_token": "SECRETVALUE", "expires_in": 1}'),
    "short password": an_exchange(body='{"password":"SECRETVALUE"}'),
    "JSON within JSON": an_exchange(body='{"body":"{\\"api_key\\":\\"SECRETVALUE\\"}"}'),
    "credentials of STS": an_exchange(response="<SecretAccessKey>SECRETVALUE</SecretAccessKey>"),
    "private key": an_exchange(body="-----BEGIN PRIVATE KEY-----\\nSECRETVALUE\\n-----END PRIVATE KEY-----"),
    "key of known form": an_exchange(body='{"text":"my key is sk-ant-SECRETVALUE-0123456789abcdef"}'),
    "organisation": an_exchange(
        response_headers=(("openai-organization", "SECRETVALUE"),), response="SECRETVALUE"
    ),
    "organisation in JSON": an_exchange(response='{"organization_id":"SECRETVALUE"}'),
    "workspace": an_exchange(response='{"workspace_id":"wrkspc_SECRETVALUE"}'),
    "project": an_exchange(response='{"name":"projects/secretvalue/locations/us"}'),
}


@pytest.mark.parametrize("name", CASES)
def test_secret_is_gone_wherever_it_is_usual_to_find_one(name: str) -> None:
    assert "secretvalue" not in shown(CASES[name]).lower()


def test_a_short_secret_goes_where_it_stands_and_leaves_the_word_alone() -> None:
    text = shown(an_exchange(body='{"password":"cat","text":"a cat"}'))
    assert "cat" in text
    assert '\\"cat\\"' not in text


def test_the_same_secret_is_the_same_placeholder_everywhere() -> None:
    first, second, third = redacted(
        [
            an_exchange(response_headers=(("x-goog-upload-url", "https://u/f?upload_id=AB%2FCD0123456"),)),
            an_exchange("https://u/f?upload_id=AB%2FCD0123456"),
            an_exchange("https://u/f?upload_id=another0123456"),
        ]
    )
    assert first.response is not None
    assert dict(first.response.headers)["x-goog-upload-url"] == second.url
    assert third.url != second.url


def test_accounts_stay_accounts_and_different_ones_different() -> None:
    arns = [f"arn:aws:iam::{account}:role/r" for account in ("999988887777", "555566667777", "999988887777")]
    bucket = "s3://bucket-999988887777/"
    url = "https://bedrock/model-invocation-job/arn%3Aaws%3Abedrock%3Aus-east-1%3A555566667777%3Ax"
    (exchange,) = redacted([an_exchange(url, body=json.dumps([*arns, bucket]))])
    assert json.loads(exchange.body) == [
        "arn:aws:iam::123456789013:role/r",
        "arn:aws:iam::123456789012:role/r",
        "arn:aws:iam::123456789013:role/r",
        "s3://bucket-123456789013/",
    ]
    assert "123456789012" in exchange.url


def test_access_key_ids_are_the_example_of_the_documentation() -> None:
    assert "AKIAIOSFODNN7EXAMPLE" in shown(an_exchange(body=f'{{"id":"{ACCESS_KEY}"}}'))


def test_of_headers_only_what_recordings_have_is_kept() -> None:
    kept = (("content-type", "application/json"), ("anthropic-version", "2023-06-01"), ("retry-after", "3"))
    gone = (
        ("x-request-id", "req_1"),
        ("cf-ray", "abc"),
        ("user-agent", "python"),
        ("host", "api.openai.com"),
    )
    (exchange,) = redacted([an_exchange(headers=(*kept, *gone), response_headers=(*gone, *kept))])
    assert exchange.headers == kept
    assert exchange.response is not None
    assert exchange.response.headers == kept


ORDINARY = {
    "custom_id": "k3v9x0q2m7ab-0",
    "key": "k3v9x0q2m7ab-1",
    "logprobs": [{"token": "tomorrow-morning", "logprob": -0.1}],
    "signature": "c2lnbmF0dXJlIG9mIHRoaW5raW5n",
    "usage": {"input_tokens": 12, "cached_tokens": 0},
    "next_page_token": "page-two-of-three",
    "metadata": {"bedrock_batch": "k3v9x0q2m7ab-0-0"},
    "text": "A bearer instrument and a basic income; a secret sauce. org-chart, user-friendliness",
    "id": "batch_69a1f2c4d5e68190b7a8c9d0e1f2a3b4",
    "input_file_id": "file-Q4sXo1v7Jm2bT9wKc8eRyN",
}


def test_what_is_no_secret_stays_byte_for_byte() -> None:
    body = json.dumps(ORDINARY)
    headers: Headers = (("x-ratelimit-limit-tokens", "150000000"), ("x-api-key", "some-other-key"))
    (exchange,) = redacted([an_exchange("https://api.openai.com/v1/batches?limit=100", headers, body)])
    assert (exchange.url, exchange.body) == ("https://api.openai.com/v1/batches?limit=100", body)


def test_an_exchange_without_response_has_none() -> None:
    lost = Exchange(method="POST", url="https://h/", headers=(), body="", response=None, began=0)
    assert redacted([lost]) == [lost]
