"""Base64 as applications write it, in every dialect that has media, to every provider that takes them."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tests.translators.dialect_bodies import PDF, PNG, Json
from tests.translators.dialects import DIALECTS, Dialect
from tests.translators.test_matrix import MODELS
from translators.bedrock.base64_text import base64_at, is_base64
from translators.bedrock.records import InputRecord
from translators.errors import RecordError, Refused
from translators.providers.batch_file import Line
from translators.translation import Route, Translator

NO_RAW_BYTES = frozenset({"cohere-command-r"})
"""Dialects whose documents are text."""

_EMBEDDING_IMAGES: Mapping[str, tuple[str, Json, str]] = MappingProxyType(
    {
        "titan image": ("amazon.titan-embed-image-v1", {"inputImage": PNG}, "inputImage"),
        "nova image": (
            "amazon.nova-2-multimodal-embeddings-v1:0",
            {
                "taskType": "SINGLE_EMBEDDING",
                "singleEmbeddingParams": {
                    "embeddingPurpose": "GENERIC_INDEX",
                    "image": {"format": "png", "source": {"bytes": PNG}},
                },
            },
            "singleEmbeddingParams.image.source.bytes",
        ),
        "cohere images": (
            "cohere.embed-v4:0",
            {"input_type": "search_document", "images": [f"data:image/png;base64,{PNG}"]},
            "images[0]",
        ),
    }
)


def cases() -> list[str]:
    return [
        f"{provider} {name} {feature}"
        for provider in sorted(MODELS)
        for name, dialect in DIALECTS.items()
        for feature in ("images", "documents")
        if feature in dialect.bodies and name not in NO_RAW_BYTES
    ]


def translated(dialect: Dialect, body: Json, provider: str, feature: str) -> Line | RecordError:
    model = MODELS[provider].get(feature, MODELS[provider][""])
    route = Route(
        model_id=dialect.model_id, invocation_type=dialect.invocation_type, provider=provider, model=model
    )
    return Translator(route).line("r-1", InputRecord(Raw(json.dumps(body).encode())))


def changed(body: Json, change: Callable[[str], str]) -> Json:
    """The body with its image or document changed."""
    text = json.dumps(body)
    for data in (PNG, PDF):
        text = text.replace(data, json.dumps(change(data))[1:-1])
    read: Json = json.loads(text)
    return read


def wrapped(data: str) -> str:
    return "\n".join(data[at : at + 20] for at in range(0, len(data), 20)) + "\n"


def spread(data: str) -> str:
    return f" {data[:8]}\r\n\t{data[8:]} "


def prefixed(data: str) -> str:
    return f"data:image/png;base64,{wrapped(data)}"


@pytest.mark.parametrize("case", cases())
@pytest.mark.parametrize("change", [wrapped, spread, prefixed])
def test_line_ends_blanks_and_a_data_prefix_are_understood(case: str, change: Callable[[str], str]) -> None:
    provider, name, feature = case.split()
    dialect = DIALECTS[name]
    body = dialect.bodies[feature]
    wanted = translated(dialect, body, provider, feature)
    got = translated(dialect, changed(body, change), provider, feature)
    if isinstance(wanted, Line):
        assert isinstance(got, Line)
        assert json.loads(got.data) == json.loads(wanted.data)
    else:
        assert got == wanted


@pytest.mark.parametrize("case", cases())
@pytest.mark.parametrize("broken", ["iVBORw0K*", "iVBORw0KGgo", "", "_-8=", "é", "Zm9v=Zm9v"])
def test_what_is_no_base64_is_the_records_error_at_its_place(case: str, broken: str) -> None:
    provider, name, feature = case.split()
    dialect = DIALECTS[name]
    got = translated(dialect, changed(dialect.bodies[feature], lambda _: broken), provider, feature)
    assert isinstance(got, RecordError)
    assert got.code == 400
    if isinstance(translated(dialect, dialect.bodies[feature], provider, feature), Line):
        field, _, reason = got.message.partition(": ")
        assert "is not base64" in reason
        assert field.startswith(("messages[0].content[0]", "images[0]"))


@pytest.mark.parametrize("case", _EMBEDDING_IMAGES)
@pytest.mark.parametrize("change", [wrapped, spread, prefixed])
def test_images_to_embed_are_cleaned_and_checked_too(case: str, change: Callable[[str], str]) -> None:
    model_id, body, field = _EMBEDDING_IMAGES[case]
    route = Route(
        model_id=model_id, invocation_type="InvokeModel", provider="gemini", model="gemini-embedding-2"
    )
    translator = Translator(route)

    def line(body: Json) -> Line | RecordError:
        return translator.line("r-1", InputRecord(Raw(json.dumps(body).encode())))

    assert isinstance(line(body), Line)
    assert line(changed(body, change)) == line(body)
    broken = line(changed(body, lambda _: "iVBORw0KGgo*"))
    assert isinstance(broken, RecordError)
    assert broken.message.startswith(f"{field}: is not base64")


@given(st.binary(min_size=1), st.integers(1, 80), st.sampled_from(["\n", "\r\n", " ", "\t"]))
def test_any_bytes_in_lines_of_any_length_come_out_plain(data: bytes, width: int, end: str) -> None:
    plain = base64.b64encode(data).decode()
    lines = end.join(plain[at : at + width] for at in range(0, len(plain), width)) + end
    assert base64_at(lines, "x") == base64_at(plain, "x") == plain


@given(st.text())
def test_what_passes_is_what_a_strict_decoder_takes(text: str) -> None:
    try:
        passed = base64_at(text, "x")
    except Refused:
        return
    assert binascii.a2b_base64(passed, strict_mode=True)
    assert is_base64(passed.encode())
