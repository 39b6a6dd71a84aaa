"""Batch jobs of Bedrock's control plane: requests, statuses, descriptions.

AWS: the `bedrock` API reference, its service model, and the user guide's batch-inference pages.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self, override
from urllib.parse import unquote

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, ValidationError
from pydantic.alias_generators import to_camel

from translators.bedrock.aws_errors import AwsError as AwsError
from translators.bedrock.constraints import (
    AccountId,
    IdempotencyToken,
    InvocationType,
    JobIdentifier,
    JobName,
    KmsKeyId,
    MaxResults,
    Members,
    PageToken,
    RequestedModel,
    ResourceArn,
    RoleArn,
    S3Uri,
    TagKeys,
    Tags,
    TimeoutInHours,
    VpcResourceId,
    refusal,
)
from translators.bedrock.model_ids import normalised

type JobStatus = Literal[
    "Submitted",
    "InProgress",
    "Completed",
    "Failed",
    "Stopping",
    "Stopped",
    "PartiallyCompleted",
    "Expired",
    "Validating",
    "Scheduled",
]

TERMINAL: frozenset[JobStatus] = frozenset(
    {"Completed", "Failed", "Stopped", "PartiallyCompleted", "Expired"}
)
"""The status of a job is final."""

_NOT_STARTED: frozenset[JobStatus] = frozenset({"Submitted", "Validating", "Scheduled"})
"""AWS shows record counts of 0 until processing starts (batch-inference-monitor)."""

_LONGEST_MESSAGE = 2048


class _S3DataConfig(Members):
    s3_uri: S3Uri
    s3_bucket_owner: AccountId | None = None

    def owned_by(self, account: str) -> Self:
        """A copy with the bucket owner that AWS shows when none was sent."""
        if self.s3_bucket_owner is not None:
            return self
        return self.model_copy(update={"s3_bucket_owner": account})


class S3InputDataConfig(_S3DataConfig):
    s3_input_format: Literal["JSONL"] | None = None


class S3OutputDataConfig(_S3DataConfig):
    s3_encryption_key_id: KmsKeyId | None = None


class InputDataConfig(Members):
    """A union with one member so far, which is therefore required."""

    s3_input_data_config: S3InputDataConfig


class OutputDataConfig(Members):
    """A union, like `InputDataConfig`."""

    s3_output_data_config: S3OutputDataConfig


class VpcConfig(Members):
    subnet_ids: Annotated[tuple[VpcResourceId, ...], Field(min_length=1, max_length=16)]
    security_group_ids: Annotated[tuple[VpcResourceId, ...], Field(min_length=1, max_length=5)]


@dataclass(frozen=True, kw_only=True)
class ProviderFile:
    """An input file that is at the provider already."""

    id: str
    endpoint: str
    """The endpoint of its lines, in the provider's spelling (`/v1/chat/completions`)."""


def provider_file(tags: Mapping[str, str]) -> ProviderFile | None:
    """The input file that a Create names in the tags `file_id` and `endpoint`, as gateways have it."""
    if not tags.get("file_id") or not tags.get("endpoint"):
        return None
    return ProviderFile(id=tags["file_id"], endpoint=tags["endpoint"])


class CreateModelInvocationJobRequest(Members):
    job_name: JobName
    role_arn: RoleArn
    client_request_token: IdempotencyToken | None = None
    model_id: RequestedModel
    input_data_config: InputDataConfig
    output_data_config: OutputDataConfig
    vpc_config: VpcConfig | None = None
    timeout_duration_in_hours: TimeoutInHours | None = None
    tags: Tags | None = None
    model_invocation_type: InvocationType | None = None

    @property
    def input_place(self) -> S3InputDataConfig:
        return self.input_data_config.s3_input_data_config

    @property
    def output_place(self) -> S3OutputDataConfig:
        return self.output_data_config.s3_output_data_config

    @property
    def hours(self) -> int:
        """The timeout; 24 when it was not sent."""
        return 24 if self.timeout_duration_in_hours is None else self.timeout_duration_in_hours

    @property
    def invocation_type(self) -> InvocationType:
        return "InvokeModel" if self.model_invocation_type is None else self.model_invocation_type

    def asked(self) -> dict[str, Any]:
        """The members that two calls with the same token must agree in: all but the token."""
        return self.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"client_request_token"}
        )


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo is not None else moment


type Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""ISO 8601 or seconds since 1970, read as UTC without a zone."""


class ListModelInvocationJobsRequest(Members):
    submit_time_after: Moment | None = None
    submit_time_before: Moment | None = None
    status_equals: JobStatus | None = None
    name_contains: JobName | None = None
    max_results: MaxResults | None = None
    next_token: PageToken | None = None
    sort_by: Literal["CreationTime"] | None = None
    sort_order: Literal["Ascending", "Descending"] | None = None

    def asked(self) -> dict[str, Any]:
        """The filters and the order: the members that all pages of one List have in common."""
        return self.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"max_results", "next_token"}
        )


class JobRequest(Members):
    """Get and Stop; their one member is in the path."""

    job_identifier: JobIdentifier


class TagResourceRequest(Members):
    resource_arn: Annotated[ResourceArn, Field(alias="resourceARN")]
    tags: Tags


class UntagResourceRequest(Members):
    resource_arn: Annotated[ResourceArn, Field(alias="resourceARN")]
    tag_keys: TagKeys


class ListTagsForResourceRequest(Members):
    resource_arn: Annotated[ResourceArn, Field(alias="resourceARN")]


def create_request(body: bytes) -> CreateModelInvocationJobRequest:
    return _parsed(CreateModelInvocationJobRequest, body)


def tag_request(body: bytes) -> TagResourceRequest:
    return _parsed(TagResourceRequest, body)


def untag_request(body: bytes) -> UntagResourceRequest:
    return _parsed(UntagResourceRequest, body)


def list_tags_request(body: bytes) -> ListTagsForResourceRequest:
    return _parsed(ListTagsForResourceRequest, body)


def _parsed[Request: BaseModel](shape: type[Request], body: bytes) -> Request:
    """The validated request. Strict, as AWS is: the string "24" is no number. Raises `AwsError`."""
    try:
        return shape.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise refusal(error) from error


def list_request(query: Mapping[str, str]) -> ListModelInvocationJobsRequest:
    """The decoded query parameters. Raises `AwsError`."""
    try:
        return ListModelInvocationJobsRequest.model_validate(query)
    except ValidationError as error:
        raise refusal(error) from error


def job_identifier(segment: str) -> str:
    """The id or ARN in a path segment, percent-encoded or not. Raises `AwsError`."""
    try:
        return JobRequest.model_validate({"jobIdentifier": unquote(segment)}).job_identifier
    except ValidationError as error:
        raise refusal(error) from error


@dataclass(frozen=True, kw_only=True)
class JobArn:
    """The parts of a job's ARN."""

    partition: str
    region: str
    account: str
    job_id: str

    @override
    def __str__(self) -> str:
        return f"arn:{self.partition}:bedrock:{self.region}:{self.account}:model-invocation-job/{self.job_id}"

    @classmethod
    def parse(cls, arn: str) -> Self:
        """The parts of an ARN that `str` returned."""
        _, partition, _, region, account, resource = arn.split(":")
        return cls(
            partition=partition,
            region=region,
            account=account,
            job_id=resource.removeprefix("model-invocation-job/"),
        )


@dataclass(frozen=True, kw_only=True)
class JobState:
    """The current state of a job. Times are UTC without a zone."""

    status: JobStatus
    message: str | None
    """The reason of a failure."""
    submitted: datetime
    modified: datetime
    ended: datetime | None
    expires: datetime
    """Time of its timeout."""
    total: int
    succeeded: int
    failed: int


def timestamp(moment: datetime) -> str:
    """A moment in UTC, without a zone, as AWS writes times."""
    return f"{moment.isoformat(timespec='milliseconds')}Z"


type Timestamp = Annotated[datetime, PlainSerializer(timestamp)]
"""Written as `YYYY-MM-DDTHH:MM:SS.mmmZ`, as AWS does; some clients parse nothing else."""


_RESPONSE = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True)


class JobDescription(BaseModel):
    """A job as Get and List show it."""

    model_config = _RESPONSE

    job_arn: str
    job_name: str
    model_id: str
    client_request_token: str | None
    role_arn: str
    status: JobStatus
    message: str | None
    submit_time: Timestamp
    last_modified_time: Timestamp
    end_time: Timestamp | None
    input_data_config: InputDataConfig
    output_data_config: OutputDataConfig
    vpc_config: VpcConfig | None
    timeout_duration_in_hours: int
    job_expiration_time: Timestamp
    model_invocation_type: InvocationType
    total_record_count: int
    processed_record_count: int
    success_record_count: int
    error_record_count: int

    def json_document(self) -> bytes:
        """The response body of Get: unset members are left out, not null."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


def job_description(arn: JobArn, request: CreateModelInvocationJobRequest, state: JobState) -> JobDescription:
    """The description of a job: its request, with defaults made explicit as AWS does, and its state.

    Printed responses for real jobs show `modelId` as an ARN, `s3BucketOwner` in both places although it was
    not sent, and `s3Uri` exactly as it was sent.
    """
    total, succeeded, failed = (
        (0, 0, 0) if state.status in _NOT_STARTED else (state.total, state.succeeded, state.failed)
    )
    return JobDescription(
        job_arn=str(arn),
        job_name=request.job_name,
        model_id=normalised(
            request.model_id, partition=arn.partition, region=arn.region, account=arn.account
        ),
        client_request_token=request.client_request_token,
        role_arn=request.role_arn,
        status=state.status,
        message=state.message[:_LONGEST_MESSAGE] if state.message is not None else None,
        submit_time=state.submitted,
        last_modified_time=state.modified,
        end_time=state.ended,
        input_data_config=request.input_data_config.model_copy(
            update={"s3_input_data_config": request.input_place.owned_by(arn.account)}
        ),
        output_data_config=request.output_data_config.model_copy(
            update={"s3_output_data_config": request.output_place.owned_by(arn.account)}
        ),
        vpc_config=request.vpc_config,
        timeout_duration_in_hours=request.hours,
        job_expiration_time=state.expires,
        model_invocation_type=request.invocation_type,
        total_record_count=total,
        processed_record_count=succeeded + failed,
        success_record_count=succeeded,
        error_record_count=failed,
    )


class _Page(BaseModel):
    model_config = _RESPONSE

    invocation_job_summaries: tuple[JobDescription, ...]
    next_token: str | None


def list_document(jobs: Iterable[JobDescription], next_token: str | None) -> bytes:
    """The response body of List; an empty array is there too, because programs index it."""
    page = _Page(invocation_job_summaries=tuple(jobs), next_token=next_token)
    return page.model_dump_json(by_alias=True, exclude_none=True).encode()
