"""AWS's constraints on the members of control-plane requests, and AWS's error messages for violations.

Numbers, patterns and enums are those of the `bedrock` service model (2023-04-20). Patterns are anchored, as
at the service, and run on pydantic's own engine, which does not backtrack.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError, to_json

from translators.bedrock.aws_errors import AwsError
from translators.bedrock.model_ids import is_plain_name

_START, _END = "^(?:", ")$"


def _matching(pattern: str, minimum: int | None = None, maximum: int | None = None) -> Any:
    return Field(min_length=minimum, max_length=maximum, pattern=f"{_START}{pattern}{_END}")


type JobName = Annotated[str, _matching(r"[a-zA-Z0-9]{1,63}(-*[a-zA-Z0-9\+\-\.]){0,63}", 1, 63)]
type RoleArn = Annotated[str, _matching(r"arn:aws(-[^:]+)?:iam::([0-9]{12})?:role/.+", 0, 2048)]
type IdempotencyToken = Annotated[str, _matching(r"[a-zA-Z0-9]{1,256}(-*[a-zA-Z0-9]){0,256}", 1, 256)]


def _plain(name: str) -> str:
    if not is_plain_name(name):
        raise PydanticCustomError("not_plain", "a blank or a control character")
    return name


type RequestedModel = Annotated[str, Field(min_length=1, max_length=2048), AfterValidator(_plain)]
"""A `modelId`. AWS's pattern is left out on purpose: it does not match the names of other providers' models
(`gpt-4.1`, `openai/gpt-4o`), which boto3 sends unchecked."""
type S3Uri = Annotated[
    str,
    _matching(
        r"s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](?:/[-!_*'().a-z0-9A-Z]+(?:/[-!_*'().a-z0-9A-Z]+)*)?/?",
        1,
        1024,
    ),
]
type AccountId = Annotated[str, _matching("[0-9]{12}")]
type KmsKeyId = Annotated[
    str,
    _matching(
        r"(arn:aws(-[^:]+)?:kms:[a-zA-Z0-9-]*:[0-9]{12}:((key/[a-zA-Z0-9-]{36})|(alias/[a-zA-Z0-9-_/]+)))"
        r"|([a-zA-Z0-9-]{36})|(alias/[a-zA-Z0-9-_/]+)",
        1,
        2048,
    ),
]
type VpcResourceId = Annotated[str, _matching("[-0-9a-zA-Z]+", 0, 32)]
type TimeoutInHours = Annotated[int, Field(ge=24, le=168)]
type TagKey = Annotated[str, _matching(r"[a-zA-Z0-9\s._:/=+@-]*", 1, 128)]
type TagValue = Annotated[str, _matching(r"[a-zA-Z0-9\s._:/=+@-]*", 0, 256)]
type InvocationType = Literal["InvokeModel", "Converse"]
type MaxResults = Annotated[int, Field(ge=1, le=1000)]
type PageToken = Annotated[str, _matching(r"\S*", 1, 2048)]
type JobIdentifier = Annotated[
    str,
    _matching(
        r"((arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:model-invocation-job/)?[a-z0-9]{12})", 0, 1011
    ),
]
type ResourceArn = Annotated[
    str,
    _matching(
        r".*(^[a-zA-Z0-9][a-zA-Z0-9\-]*$)"
        r"|(^arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:custom-model/(imported)/[a-z0-9]{12}$)"
        r"|(^arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:([0-9]{12}|)("
        r"(:(fine-tuning-job|model-customization-job|custom-model)/[a-z0-9-]{1,63}[.]{1}[a-z0-9-]{1,63}"
        r"([a-z0-9-]{1,63}[.]){0,2}[a-z0-9-]{1,63}([:][a-z0-9-]{1,63}){0,2}(/[a-z0-9]{12})$)"
        r"|(:guardrail/[a-z0-9]+$)|(:automated-reasoning-policy/[a-zA-Z0-9]+(:[a-zA-Z0-9]+)?$)"
        r"|(:(inference-profile|application-inference-profile)/[a-zA-Z0-9-:.]+$)"
        r"|(:(provisioned-model|model-invocation-job|model-evaluation-job|evaluation-job|model-import-job"
        r"|imported-model|async-invoke|provisioned-model-v2|provisioned-model-reservation|prompt-router"
        r"|custom-model-deployment)/[a-z0-9]{12}$))).*",
        20,
        1011,
    ),
]


class Members(BaseModel):
    """Base of requests, with AWS's spelling of members (`job_name` is `jobName`).

    Unknown members are accepted, as at AWS, so that newer SDKs keep working: they are stored with the request
    and have no effect.
    """

    model_config = ConfigDict(extra="allow", frozen=True, alias_generator=to_camel)


class Tag(Members):
    key: TagKey
    value: TagValue


def _without_repeated_keys(tags: tuple[Tag, ...]) -> tuple[Tag, ...]:
    keys = [tag.key for tag in tags]
    if len(set(keys)) < len(keys):
        raise PydanticCustomError("repeated_keys", "a tag key stands twice")
    return tags


type Tags = Annotated[
    tuple[Tag, ...], Field(min_length=0, max_length=200), AfterValidator(_without_repeated_keys)
]
type TagKeys = Annotated[tuple[TagKey, ...], Field(min_length=0, max_length=200)]

_CONSTRAINTS: Mapping[str, str] = MappingProxyType(
    {
        "missing": "Member must not be null",
        "string_too_short": "Member must have length greater than or equal to {min_length}",
        "string_too_long": "Member must have length less than or equal to {max_length}",
        "too_short": "Member must have length greater than or equal to {min_length}",
        "too_long": "Member must have length less than or equal to {max_length}",
        "greater_than_equal": "Member must have value greater than or equal to {ge}",
        "less_than_equal": "Member must have value less than or equal to {le}",
        "string_pattern_mismatch": "Member must satisfy regular expression pattern: {pattern}",
        "literal_error": "Member must satisfy enum value set: [{expected}]",
        "not_plain": "Member must not hold blanks or control characters",
        "repeated_keys": "Member must not hold the same key twice",
    }
)
"""pydantic's error types → AWS's messages. Any other type means a value of the wrong JSON type, which AWS
answers with `SerializationException`."""


def refusal(error: ValidationError) -> AwsError:
    """The error for a request that violates constraints, with one sentence for each violation."""
    details = _innermost(error.errors(include_url=False))
    unreadable = [detail for detail in details if _constraint_type(detail) not in _CONSTRAINTS]
    if unreadable:
        return AwsError("SerializationException", "; ".join(map(_serialization_message, unreadable)))
    count = f"{len(details)} validation error{'s' if len(details) > 1 else ''} detected"
    return AwsError("ValidationException", f"{count}: {'; '.join(map(_validation_message, details))}")


def _innermost(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors without those about lists that pydantic calls too short because their members are wrong."""
    places = [detail["loc"] for detail in details]
    return [
        detail
        for detail in details
        if not any(
            len(place) > len(detail["loc"]) and place[: len(detail["loc"])] == detail["loc"]
            for place in places
        )
    ]


def _constraint_type(detail: ErrorDetails) -> str:
    """pydantic's error type, but `missing` for `null`: to AWS that is an absent member."""
    return "missing" if detail["input"] is None else detail["type"]


def _validation_message(detail: ErrorDetails) -> str:
    kind = _constraint_type(detail)
    value = "null" if kind == "missing" else f"'{_shown(detail['input'])}'"
    constraint = _CONSTRAINTS[kind].format_map(_parameters(detail))
    *_, last = path = detail["loc"]
    if isinstance(last, int):  # AWS names the list, not the string in it that is wrong
        path, value = path[:-1], f"'[{_shown(detail['input'])}]'"
        constraint = f"Member must satisfy constraint: [{constraint}]"
    return f"Value {value} at '{_path(path)}' failed to satisfy constraint: {constraint}"


def _parameters(detail: ErrorDetails) -> dict[str, object]:
    """The numbers of the violated constraint, its pattern and enum in AWS's spelling."""
    parameters = dict(detail.get("ctx", {}))
    if "pattern" in parameters:
        parameters["pattern"] = str(parameters["pattern"]).removeprefix(_START).removesuffix(_END)
    if "expected" in parameters:
        parameters["expected"] = ", ".join(re.findall("'([^']*)'", str(parameters["expected"])))
    return parameters


def _path(parts: Sequence[int | str]) -> str:
    """AWS's path of a member, list members counted from one: `tags.1.member.key`."""
    return ".".join(f"{part + 1}.member" if isinstance(part, int) else part for part in parts)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else to_json(value).decode()


def _serialization_message(detail: ErrorDetails) -> str:
    where = _path(detail["loc"])
    return f"{where}: {detail['msg']}" if where else detail["msg"]
