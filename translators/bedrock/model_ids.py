"""Parses a `modelId`: vendor, model, Region prefix, ARN.

AWS: models-supported, inference-profiles-support; the pattern of `CreateModelInvocationJob.modelId`.
"""

import re
from dataclasses import dataclass

PREFIXES = frozenset({"us", "us-gov", "eu", "apac", "jp", "au", "ca", "sa", "amer", "global"})
"""First segments of cross-Region inference profiles."""

VENDORS = frozenset(
    {
        "ai21",
        "amazon",
        "anthropic",
        "cohere",
        "deepseek",
        "google",
        "meta",
        "minimax",
        "mistral",
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
    }
)
"""First segments of base model ids."""

_ARN = re.compile(
    r"arn:(?P<partition>aws(?:-[^:]+)?):[^:]+:(?P<region>[^:]*):(?P<account>[^:]*):(?P<kind>[^/:]+)/(?P<resource>.+)",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelId:
    """The parts of a `modelId`."""

    sent: str
    """As the application sent it."""
    model: str
    """The part after the vendor with suffix (`claude-3-haiku-20240307-v1:0`), or the whole plain name."""
    bare: str
    """Vendor and model without prefix and ARN, with suffix: `anthropic.claude-3-haiku-20240307-v1:0`."""
    vendor: str | None = None
    """None where the id names none: application profiles, other systems' model names."""
    prefix: str | None = None
    """`us`, `us-gov`, `global`, …"""
    arn: str | None = None
    partition: str | None = None
    region: str | None = None
    account: str | None = None

    @property
    def is_aws(self) -> bool:
        """Whether it is a Bedrock id, not another system's model name."""
        return self.vendor is not None or self.arn is not None


def parse(model_id: str) -> ModelId:
    """The parts of an id. Never fails: anything but an AWS id is another system's model name."""
    arn = _ARN.fullmatch(model_id)
    if arn is None:
        prefix, vendor, model, bare = _named(model_id)
        return ModelId(sent=model_id, model=model, bare=bare, vendor=vendor, prefix=prefix)
    prefix, vendor, model, bare = _named(_model_of_resource(arn["kind"], arn["resource"]))
    return ModelId(
        sent=model_id,
        model=model,
        bare=bare,
        vendor=vendor,
        prefix=prefix,
        arn=model_id,
        partition=arn["partition"],
        region=arn["region"] or None,
        account=arn["account"] or None,
    )


def normalised(model_id: str, *, partition: str, region: str, account: str) -> str:
    """The id as Get and List show it: an ARN for an AWS id, otherwise as sent.

    ARNs of base models have no account, those of inference profiles the caller's (seen on the live API).
    """
    model = parse(model_id)
    if model.arn is not None or model.vendor is None:
        return model_id
    if model.prefix is None:
        return f"arn:{partition}:bedrock:{region}::foundation-model/{model_id}"
    return f"arn:{partition}:bedrock:{region}:{account}:inference-profile/{model_id}"


def candidates(model_id: ModelId) -> tuple[str, ...]:
    """The names that a configuration may use for this model, most specific first: as sent, without prefix
    and ARN, without version suffix (`:0`, `:0:200k`)."""
    if not model_id.is_aws:
        return (model_id.sent,)
    names = (model_id.sent, model_id.bare, model_id.bare.partition(":")[0])
    return tuple(dict.fromkeys(names))


def _model_of_resource(kind: str, resource: str) -> str:
    # custom-model/<base model id>/<12 characters>
    return resource.rpartition("/")[0] or resource if kind == "custom-model" else resource


def _named(name: str) -> tuple[str | None, str | None, str, str]:
    """(prefix, vendor, model, bare) of a name without ARN."""
    first, _, rest = name.partition(".")
    if first in VENDORS and rest:
        return None, first, rest, name
    vendor, _, model = rest.partition(".")
    if first in PREFIXES and vendor in VENDORS and model:
        return first, vendor, model, rest
    return None, None, name, name


def is_plain_name(name: str) -> bool:
    """Whether a model or another thing at a provider has a name without blanks and control characters."""
    return name.isprintable() and " " not in name
