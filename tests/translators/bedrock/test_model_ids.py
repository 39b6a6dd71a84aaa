"""Every form that a `modelId` has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.bedrock.model_ids import PREFIXES, VENDORS, ModelId, candidates, normalised, parse

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"


def aws(sent: str, bare: str, prefix: str | None = None) -> ModelId:
    vendor, _, model = bare.partition(".")
    return ModelId(sent=sent, bare=bare, vendor=vendor, model=model, prefix=prefix)


@pytest.mark.parametrize(
    ("model_id", "bare", "prefix"),
    [
        (HAIKU, HAIKU, None),
        (f"{HAIKU}:200k", f"{HAIKU}:200k", None),
        ("anthropic.claude-opus-4-6-v1", "anthropic.claude-opus-4-6-v1", None),
        ("anthropic.claude-sonnet-4-6", "anthropic.claude-sonnet-4-6", None),
        ("amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v2:0", None),
        ("openai.gpt-oss-20b-1:0", "openai.gpt-oss-20b-1:0", None),
        ("zai.glm-4.7-flash", "zai.glm-4.7-flash", None),
        ("minimax.minimax-m2.1", "minimax.minimax-m2.1", None),
        ("cohere.embed-english-v3", "cohere.embed-english-v3", None),
        ("google.gemma-3-12b-it", "google.gemma-3-12b-it", None),
        (f"us.{HAIKU}", HAIKU, "us"),
        (f"us-gov.{HAIKU}", HAIKU, "us-gov"),
        ("global.amazon.nova-2-lite-v1:0", "amazon.nova-2-lite-v1:0", "global"),
        ("us.openai.gpt-5.6-sol", "openai.gpt-5.6-sol", "us"),
    ],
)
def test_id_of_bedrock_is_taken_apart(model_id: str, bare: str, prefix: str | None) -> None:
    model = parse(model_id)
    assert model == aws(model_id, bare, prefix)
    assert model.is_aws


AWS_PREFIXES = ("amer", "apac", "au", "ca", "eu", "global", "jp", "sa", "us", "us-gov")
"""Of inference profiles (AWS: inference-profiles-support), written here once more: none may get lost."""


MODEL_VENDORS = (
    *("ai21", "amazon", "anthropic", "cohere", "deepseek", "google", "meta", "minimax", "mistral"),
    *(
        "moonshot",
        "moonshotai",
        "nvidia",
        "openai",
        "qwen",
        "stability",
        "twelvelabs",
        "writer",
        "xai",
        "zai",
    ),
)
"""Of base models (AWS: models-supported), written here once more as well."""


def test_prefixes_and_vendors_are_those_of_aws() -> None:
    assert sorted(PREFIXES) == list(AWS_PREFIXES)
    assert sorted(VENDORS) == list(MODEL_VENDORS)


@pytest.mark.parametrize("prefix", AWS_PREFIXES)
@pytest.mark.parametrize("vendor", MODEL_VENDORS)
def test_every_prefix_and_vendor_is_known(prefix: str, vendor: str) -> None:
    assert parse(f"{prefix}.{vendor}.model-1.5-v1:0") == aws(
        f"{prefix}.{vendor}.model-1.5-v1:0", f"{vendor}.model-1.5-v1:0", prefix
    )


@pytest.mark.parametrize(
    "model_id",
    [
        "gpt-4o",
        "gpt_4o",
        "gpt-4.1",
        "gpt-4.1-mini",
        "gpt-4o-2024-08-06",
        "gemini-2.5-flash",
        "openai/gpt-4o",
        "llama3.1:8b",
        "abcdefghij12",
        "us.unknown.model",
        "us.anthropic",
        "anthropic.",
        "us.",
        ".",
        "",
        "arn:aws",
        "arn:other:bedrock:us-east-1::foundation-model/x",
    ],
)
def test_foreign_name_is_no_id_of_bedrock(model_id: str) -> None:
    model = parse(model_id)
    assert model == ModelId(sent=model_id, model=model_id, bare=model_id)
    assert not model.is_aws
    assert candidates(model) == (model_id,)


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn", "aws-iso-b"])
@pytest.mark.parametrize(
    ("account", "resource", "bare", "prefix"),
    [
        (None, f"foundation-model/{HAIKU}", HAIKU, None),
        ("123456789012", f"inference-profile/us.{HAIKU}", HAIKU, "us"),
        (
            "123456789012",
            "custom-model/amazon.nova-lite-v1:0:256k/abcdefghij12",
            "amazon.nova-lite-v1:0:256k",
            None,
        ),
    ],
)
def test_arn_names_the_model(
    partition: str, account: str | None, resource: str, bare: str, prefix: str | None
) -> None:
    arn = f"arn:{partition}:bedrock:us-east-1:{account or ''}:{resource}"
    vendor, _, model = bare.partition(".")
    assert parse(arn) == ModelId(
        sent=arn,
        arn=arn,
        partition=partition,
        region="us-east-1",
        account=account,
        prefix=prefix,
        vendor=vendor,
        model=model,
        bare=bare,
    )


@pytest.mark.parametrize(
    ("resource", "word"),
    [
        ("application-inference-profile/a1b2c3d4e5f6", "a1b2c3d4e5f6"),
        ("provisioned-model/abcdefghij12", "abcdefghij12"),
        ("imported-model/abcdefghij12", "abcdefghij12"),
        ("custom-model/abcdefghij12", "abcdefghij12"),
    ],
)
def test_opaque_arn_is_aws_without_vendor(resource: str, word: str) -> None:
    model = parse(f"arn:aws:bedrock:us-east-1:123456789012:{resource}")
    assert (model.is_aws, model.vendor, model.model, model.bare) == (True, None, word, word)


@pytest.mark.parametrize(
    ("model_id", "shown"),
    [
        (
            "amazon.nova-pro-v1:0",
            "arn:aws-cn:bedrock:eu-west-1::foundation-model/amazon.nova-pro-v1:0",
        ),
        (
            "us.amazon.nova-pro-v1:0",
            "arn:aws-cn:bedrock:eu-west-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0",
        ),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
        ),
        (
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
        ),
        ("gpt-4o-mini", "gpt-4o-mini"),
    ],
)
def test_get_and_list_show_an_arn(model_id: str, shown: str) -> None:
    assert normalised(model_id, partition="aws-cn", region="eu-west-1", account="123456789012") == shown


@pytest.mark.parametrize(
    ("model_id", "names"),
    [
        (
            f"us.{HAIKU}:200k",
            (f"us.{HAIKU}:200k", f"{HAIKU}:200k", "anthropic.claude-3-haiku-20240307-v1"),
        ),
        (HAIKU, (HAIKU, "anthropic.claude-3-haiku-20240307-v1")),
        ("anthropic.claude-sonnet-4-6", ("anthropic.claude-sonnet-4-6",)),
        (
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
            ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc", "abc"),
        ),
    ],
)
def test_configuration_may_call_a_model_by_each_of_its_names(model_id: str, names: tuple[str, ...]) -> None:
    assert candidates(parse(model_id)) == names


@given(st.text() | st.from_regex(r"(arn:)?(aws)?[a-z0-9:./-]*"))
def test_anything_is_an_id(model_id: str) -> None:
    model = parse(model_id)
    assert model.sent == model_id
    assert model_id.endswith(model.model) or model.arn is not None
    assert candidates(model)[0] == model_id
