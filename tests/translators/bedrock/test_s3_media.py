"""Media in S3: found in a record's body, and put in their place."""

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from translators.bedrock.embeddings import ImagePart, TextPart
from translators.bedrock.families import nova_embeddings
from translators.bedrock.s3_media import S3Medium, media_in_s3, with_bytes
from translators.errors import Refused

type Json = dict[str, Any]

A, B = S3Medium("s3://b/a.png"), S3Medium("s3://b/b.pdf", "123456789012")


def raw(value: object) -> Raw:
    return Raw(json.dumps(value).encode())


def source(medium: S3Medium) -> Json:
    owner = {} if medium.bucket_owner is None else {"bucketOwner": medium.bucket_owner}
    return {"s3Location": {"uri": medium.uri, **owner}}


def block(kind: str, medium: S3Medium) -> Json:
    return {kind: {"format": "png", "source": source(medium), "name": "n"}}


BODY: Json = {
    "messages": [
        {"role": "user", "content": [{"text": "s3Location"}, block("image", A), block("document", B)]},
        {
            "role": "assistant",
            "content": [{"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1.50}}}],
        },
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": "t",
                        "content": [block("video", A), {"json": block("image", B)}],
                    }
                },
                block("audio", B),
            ],
        },
    ],
    "inferenceConfig": {"maxTokens": 5},
}


def test_media_are_found_where_a_message_has_them() -> None:
    assert media_in_s3(raw(BODY)) == {
        "messages[0].content[1].image.source.s3Location": A,
        "messages[0].content[2].document.source.s3Location": B,
        "messages[2].content[0].toolResult.content[0].video.source.s3Location": A,
        "messages[2].content[1].audio.source.s3Location": B,
    }


def test_bytes_take_the_place_of_a_location() -> None:
    filled = json.loads(bytes(with_bytes(raw(BODY), {A: b"png"})))
    expected = json.loads(json.dumps(BODY))
    content = {"bytes": base64.b64encode(b"png").decode()}
    expected["messages"][0]["content"][1]["image"]["source"] = content
    expected["messages"][2]["content"][0]["toolResult"]["content"][0]["video"]["source"] = content
    assert filled == expected
    assert set(media_in_s3(raw(filled)).values()) == {B}


EMBEDDED: Json = {
    "taskType": "SINGLE_EMBEDDING",
    "singleEmbeddingParams": {"embeddingPurpose": "GENERIC_INDEX"},
}


@pytest.mark.parametrize(("kind", "content"), [("image", b"png"), ("text", "Äpfel".encode())])
def test_media_of_an_embedding_are_filled(kind: str, content: bytes) -> None:
    medium = {"source": source(A)} | ({"format": "png"} if kind == "image" else {})
    body = EMBEDDED | {"singleEmbeddingParams": EMBEDDED["singleEmbeddingParams"] | {kind: medium}}
    assert media_in_s3(raw(body)) == {f"singleEmbeddingParams.{kind}.source.s3Location": A}
    request = nova_embeddings.request(with_bytes(raw(body), {A: content}))
    ((part,),) = request.inputs
    expected = TextPart("Äpfel") if kind == "text" else ImagePart("png", base64.b64encode(content).decode())
    assert part == expected


def test_embedded_text_that_is_no_text_is_refused() -> None:
    body = EMBEDDED | {
        "singleEmbeddingParams": EMBEDDED["singleEmbeddingParams"] | {"text": {"source": source(A)}}
    }
    with pytest.raises(Refused, match=r"singleEmbeddingParams\.text.source.bytes: is not a text"):
        nova_embeddings.request(with_bytes(raw(body), {A: b"\xff\xfe"}))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"singleEmbeddingParams": {"text": "s3Location"}},
        {"singleEmbeddingParams": {"image": {"source": {"s3Location": 5}}}},
        {"messages": 5},
        {"messages": [{"content": "s3Location"}]},
        {"messages": [{"content": [{"image": {"source": {"s3Location": 5}}}]}]},
        {"messages": [{"content": [{"image": {"source": {"bytes": "A", **source(A)}}}]}]},
        {"messages": [{"content": [{"toolUse": {"input": block("image", A)}}]}]},
    ],
    ids=str,
)
def test_what_is_no_medium_stays(body: Json) -> None:
    assert media_in_s3(raw(body)) == {}
    assert with_bytes(raw(body), {A: b"x", B: b"y"}) == raw(body)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["image", "source", "s3Location", "uri", "toolResult", "content"]), inner
        )
    ),
)


@given(st.sampled_from(["messages", "singleEmbeddingParams"]), values)
def test_any_body_is_looked_into(name: str, value: Any) -> None:
    body = raw({name: value})
    found = media_in_s3(body)
    filled = with_bytes(body, dict.fromkeys(found.values(), b"x"))
    assert msgspec.json.decode(filled) is not None
    assert media_in_s3(filled) == {}
