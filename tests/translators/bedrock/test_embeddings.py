"""Bodies that ask for embeddings, and the answers in each dialect."""

import json
from typing import Any

import pytest
from msgspec import Raw

from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest, ImagePart, TextPart
from translators.bedrock.families.registry import FAMILIES, EmbeddingFamily, families_of_model, family_of_body
from translators.bedrock.model_ids import parse
from translators.errors import Refused

PNG = "iVBORw0KGgo="
URI = f"data:image/png;base64,{PNG}"
HELLO = ((TextPart("hello"),),)
NOVA: dict[str, Any] = {"embeddingPurpose": "GENERIC_INDEX", "text": {"value": "hello"}}
VECTORS = (
    (0.5, -0.25, 0.0, 1.0, -1.0, 0.125, 0.25, -0.5, 0.75),
    (1.0, 1.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
)
ANSWER = EmbeddingAnswer(VECTORS, id="row-1", model="m", input_tokens=4)
FLOATS = [list(vector) for vector in VECTORS]


def raw(body: dict[str, Any]) -> Raw:
    return Raw(json.dumps(body).encode())


def family(name: str) -> EmbeddingFamily:
    found = FAMILIES[name]
    assert isinstance(found, EmbeddingFamily)
    return found


def request(name: str, body: dict[str, Any]) -> EmbeddingRequest:
    return family(name).request(raw(body))


def answer(name: str, body: dict[str, Any], given: EmbeddingAnswer = ANSWER) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(family(name).output(given, "", raw(body)))
    return written


def nova(**members: Any) -> dict[str, Any]:
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": {**NOVA, **members}}


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("amazon.titan-embed-text-v1", "titan-embeddings-g1"),
        ("amazon.titan-embed-g1-text-02", "titan-embeddings-g1"),
        ("amazon.titan-embed-text-v2:0", "titan-embeddings-v2"),
        ("amazon.titan-embed-image-v1", "titan-multimodal-embeddings"),
        ("cohere.embed-english-v3", "cohere-embed-v3"),
        ("cohere.embed-multilingual-v3", "cohere-embed-v3"),
        ("us.cohere.embed-v4:0", "cohere-embed-v4"),
        ("amazon.nova-2-multimodal-embeddings-v1:0", "nova-embeddings"),
        ("amazon.titan-text-express-v1", "titan"),
        ("cohere.command-text-v14", "cohere-command"),
        ("cohere.command-light-text-v14", "cohere-command"),
        ("cohere.command-r-plus-v1:0", "cohere-command-r"),
    ],
)
def test_dialect_of_model_id(model: str, name: str) -> None:
    assert families_of_model(parse(model)) == (FAMILIES[name],)


@pytest.mark.parametrize("model", ["anthropic.claude-v2:1", "anthropic.claude-instant-v1"])
@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"prompt": "Human: Hi Assistant:", "max_tokens_to_sample": 5}, "claude-text"),
        ({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 5, "messages": []}, "claude"),
    ],
)
def test_dialect_of_claude_2_by_body(model: str, body: dict[str, Any], name: str) -> None:
    assert family_of_body(body, families_of_model(parse(model))) is FAMILIES[name]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"inputText": "hello"}, "titan-embeddings-v2"),
        ({"inputText": "hello", "normalize": True}, "titan-embeddings-v2"),
        ({"inputText": "hello", "embeddingConfig": {}}, "titan-multimodal-embeddings"),
        ({"inputImage": PNG}, "titan-multimodal-embeddings"),
        ({"inputText": "hello", "textGenerationConfig": {}}, "titan"),
        ({"input_type": "search_query", "texts": ["a"]}, "cohere-embed-v3"),
        ({"input_type": "search_query", "texts": ["a"], "output_dimension": 256}, "cohere-embed-v4"),
        (nova(), "nova-embeddings"),
        ({"prompt": "Hi", "p": 0.5}, "cohere-command"),
        ({"message": "Hi"}, "cohere-command-r"),
    ],
)
def test_dialect_by_body_for_unknown_models(body: dict[str, Any], name: str) -> None:
    members = {member: raw(value) for member, value in body.items()}
    assert family_of_body(members) is FAMILIES[name]


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("titan-embeddings-g1", {"inputText": "hello"}, EmbeddingRequest(HELLO, usual_dimensions=1536)),
        ("titan-embeddings-v2", {"inputText": "hello"}, EmbeddingRequest(HELLO, usual_dimensions=1024)),
        (
            "titan-embeddings-v2",
            {"inputText": "hello", "dimensions": 256, "normalize": False, "embeddingTypes": ["binary"]},
            EmbeddingRequest(HELLO, dimensions=256, usual_dimensions=1024, normalize=False),
        ),
        (
            "titan-multimodal-embeddings",
            {"inputText": "hello"},
            EmbeddingRequest(HELLO, usual_dimensions=1024, average=True),
        ),
        (
            "titan-multimodal-embeddings",
            {"inputText": "hello", "inputImage": PNG, "embeddingConfig": {"outputEmbeddingLength": 384}},
            EmbeddingRequest(
                ((TextPart("hello"), ImagePart("png", PNG)),),
                dimensions=384,
                usual_dimensions=1024,
                average=True,
            ),
        ),
        (
            "cohere-embed-v3",
            {"input_type": "search_document", "texts": ["hello", "ho"], "truncate": "END"},
            EmbeddingRequest(
                (*HELLO, (TextPart("ho"),)), usual_dimensions=1024, purpose="search_document", truncate="end"
            ),
        ),
        (
            "cohere-embed-v3",
            {"input_type": "image", "images": ["data:image/jpg;base64,/9j/"]},
            EmbeddingRequest(((ImagePart("jpeg", "/9j/"),),), usual_dimensions=1024),
        ),
        (
            "cohere-embed-v4",
            {
                "input_type": "clustering",
                "inputs": [
                    {
                        "content": [
                            {"type": "text", "text": "hello"},
                            {"type": "image_url", "image_url": {"url": URI}},
                        ]
                    }
                ],
                "truncate": "LEFT",
                "output_dimension": 512,
                "max_tokens": 128_000,
                "embedding_types": ["float", "binary"],
            },
            EmbeddingRequest(
                ((TextPart("hello"), ImagePart("png", PNG)),),
                dimensions=512,
                usual_dimensions=1536,
                purpose="clustering",
                truncate="start",
                types=("float", "binary"),
            ),
        ),
        (
            "nova-embeddings",
            nova(embeddingDimension=256, text={"value": "hello", "truncationMode": "END"}),
            EmbeddingRequest(
                HELLO, dimensions=256, usual_dimensions=3072, purpose="search_document", truncate="end"
            ),
        ),
        (
            "nova-embeddings",
            nova(
                embeddingPurpose="IMAGE_RETRIEVAL",
                text=None,
                image={"format": "png", "source": {"bytes": PNG}, "detailLevel": "STANDARD_IMAGE"},
            ),
            EmbeddingRequest(((ImagePart("png", PNG),),), usual_dimensions=3072, purpose="search_query"),
        ),
    ],
)
def test_embedding_request_of_a_body(name: str, body: dict[str, Any], expected: EmbeddingRequest) -> None:
    assert request(name, body) == expected


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("titan-embeddings-g1", {"inputText": "a", "dimensions": 256}, "dimensions: Extra inputs"),
        ("titan-embeddings-v2", {"inputText": ""}, "inputText: "),
        ("titan-embeddings-v2", {"inputText": "a", "dimensions": 100}, "dimensions: .*256 or 512 or 1024"),
        ("titan-embeddings-v2", {"inputText": "a", "embeddingTypes": ["int8"]}, r"embeddingTypes\[0\]: "),
        ("titan-multimodal-embeddings", {"embeddingConfig": {}}, "one of inputText and inputImage"),
        (
            "titan-multimodal-embeddings",
            {"inputImage": "AAAA"},
            "inputImage: is not the base64 text",
        ),
        ("cohere-embed-v3", {"texts": ["a"]}, "input_type: Field required"),
        ("cohere-embed-v3", {"input_type": "clustering"}, "one of texts, images and inputs.*got none"),
        (
            "cohere-embed-v3",
            {"input_type": "image", "texts": ["a"], "images": [URI]},
            "got texts and images",
        ),
        ("cohere-embed-v3", {"input_type": "image", "images": [URI, URI]}, "images: "),
        (
            "cohere-embed-v3",
            {"input_type": "image", "images": ["https://example.com/a.png"]},
            r"images\[0\]: is not 'data:image",
        ),
        (
            "cohere-embed-v4",
            {"input_type": "clustering", "texts": ["a"], "max_tokens": 100},
            "max_tokens: .*accepted is 128000",
        ),
        ("cohere-embed-v4", {"input_type": "image", "texts": ["a"]}, "input_type: "),
        ("nova-embeddings", {"taskType": "SEGMENTED_EMBEDDING"}, "taskType: .*'SINGLE_EMBEDDING'"),
        ("nova-embeddings", nova(text=None), "singleEmbeddingParams: one of text and image"),
        ("nova-embeddings", nova(audio={"format": "mp3"}), "singleEmbeddingParams.audio: only text and"),
        ("nova-embeddings", nova(video={}), "singleEmbeddingParams.video: only text and"),
        (
            "nova-embeddings",
            nova(text={"source": {"s3Location": {"uri": "s3://a/b"}}}),
            "singleEmbeddingParams.text.source.bytes: .*a text in S3 cannot be sent",
        ),
        (
            "nova-embeddings",
            nova(text=None, image={"format": "png", "source": {"s3Location": {"uri": "s3://a/b"}}}),
            "singleEmbeddingParams.image.source.bytes: .*an image in S3 cannot be sent",
        ),
        (
            "nova-embeddings",
            nova(
                text=None,
                image={"format": "png", "source": {"bytes": PNG}, "detailLevel": "DOCUMENT_IMAGE"},
            ),
            "singleEmbeddingParams.image.detailLevel: ",
        ),
    ],
)
def test_what_cannot_be_embedded_is_named(name: str, body: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        request(name, body)


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("titan-embeddings-g1", {}, {"embedding": FLOATS[0], "inputTextTokenCount": 4}),
        (
            "titan-embeddings-v2",
            {"inputText": "a"},
            {
                "embedding": FLOATS[0],
                "embeddingsByType": {"float": FLOATS[0]},
                "inputTextTokenCount": 4,
            },
        ),
        (
            "titan-embeddings-v2",
            {"inputText": "a", "embeddingTypes": ["binary"]},
            {
                "embedding": FLOATS[0],
                "embeddingsByType": {"binary": [1, 0, 0, 1, 0, 1, 1, 0, 1]},
                "inputTextTokenCount": 4,
            },
        ),
        (
            "titan-multimodal-embeddings",
            {"inputText": "a"},
            {"embedding": FLOATS[0], "inputTextTokenCount": 4, "message": None},
        ),
        (
            "cohere-embed-v3",
            {"input_type": "clustering", "texts": ["Hello", "Ho"]},
            {
                "embeddings": FLOATS,
                "id": "row-1",
                "response_type": "embeddings_floats",
                "texts": ["hello", "ho"],
            },
        ),
        (
            "cohere-embed-v3",
            {"input_type": "image", "images": [URI], "embedding_types": ["float", "ubinary"]},
            {
                "embeddings": {"float": FLOATS, "ubinary": [[0b10010110, 0b10000000], [0b11000000, 0]]},
                "id": "row-1",
                "response_type": "embeddings_by_type",
            },
        ),
        (
            "cohere-embed-v4",
            {"input_type": "clustering", "texts": ["Hello", "Ho"]},
            {
                "embeddings": {"float": FLOATS},
                "id": "row-1",
                "response_type": "embeddings_by_type",
                "texts": ["Hello", "Ho"],
            },
        ),
        (
            "cohere-embed-v4",
            {
                "input_type": "clustering",
                "inputs": [
                    {
                        "content": [
                            {"type": "text", "text": "a"},
                            {"type": "image_url", "image_url": {"url": URI}},
                        ]
                    }
                ],
                "embedding_types": ["binary"],
            },
            {
                "embeddings": {"binary": [[150 - 128, 0], [192 - 128, -128]]},
                "id": "row-1",
                "response_type": "embeddings_by_type",
                "inputs": [{"content": [{"type": "text", "text": "a"}]}],
            },
        ),
        ("nova-embeddings", nova(), {"embeddings": [{"embeddingType": "TEXT", "embedding": FLOATS[0]}]}),
        (
            "nova-embeddings",
            nova(text=None, image={"format": "png", "source": {"bytes": PNG}}),
            {"embeddings": [{"embeddingType": "IMAGE", "embedding": FLOATS[0]}]},
        ),
    ],
)
def test_answer_is_in_the_dialect_that_asked(
    name: str, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert answer(name, body) == expected


def test_tokens_that_the_provider_does_not_count_are_none_that_cost() -> None:
    uncounted = EmbeddingAnswer(VECTORS, id="row-1", model="m")
    assert answer("titan-embeddings-g1", {}, uncounted)["inputTextTokenCount"] == 0
