"""Batches created at a provider outside this proxy, described as Bedrock jobs.

Members that Bedrock requires and such a batch lacks (role, S3 URIs) get placeholders that fit AWS's patterns.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from translators.bedrock.aws_errors import AwsError
from translators.bedrock.jobs import TERMINAL, JobStatus, Timestamp, job_identifier

ACCOUNT = "000000000000"
"""The account in ARNs of placeholders."""
ROLE = f"arn:aws:iam::{ACCOUNT}:role/none-the-batch-is-not-at-bedrock"
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""`submitTime` of a batch with an unknown creation time."""

_ARN = re.compile(r"arn:aws(?:-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:model-invocation-job/(?P<id>.+)")
_ANY_ALPHANUMERIC = re.compile("[a-zA-Z0-9]")
_NOT_IN_S3_URIS = re.compile(r"[^-!_*'().a-z0-9A-Z]")
_LONGEST_MESSAGE = 2048


@dataclass(frozen=True, kw_only=True)
class NativeBatch:
    """The state of a batch at its provider."""

    provider: str
    """The name of the provider's section."""
    id: str
    state: str
    """running, ended, failed, expired or cancelled."""
    raw_status: str
    """The provider's own status."""
    total: int
    succeeded: int
    failed: int
    errors: tuple[str, ...]
    result_files: tuple[str, ...]
    created: datetime | None
    ended: datetime | None
    expires: datetime | None
    model: str | None
    input_id: str | None


def native_id(identifier: str) -> str | None:
    """The provider's batch id in a decoded `jobIdentifier`, bare or in an ARN of `arn_of`; None for an id in
    Bedrock's own form."""
    try:
        job_identifier(identifier)
    except AwsError:
        named = _ARN.fullmatch(identifier)
        native = named["id"] if named is not None else identifier
        return native if _ANY_ALPHANUMERIC.search(native) else None
    return None


def arn_of(batch_id: str, region: str) -> str:
    """The job ARN of a provider's batch, which Get and Stop accept like the id itself."""
    return f"arn:aws:bedrock:{region}:{ACCOUNT}:model-invocation-job/{batch_id}"


_FINAL: Mapping[str, JobStatus] = MappingProxyType(
    {"ended": "Completed", "failed": "Failed", "cancelled": "Stopped"}
)

_RUNNING: tuple[tuple[re.Pattern[str], JobStatus], ...] = (
    (re.compile("cancel", re.IGNORECASE), "Stopping"),
    (re.compile("validat", re.IGNORECASE), "Validating"),
    (re.compile("queue|pending|unspecified", re.IGNORECASE), "Scheduled"),
)
"""Patterns in the providers' own statuses; any other running batch is `InProgress`."""


def status_of(batch: NativeBatch) -> JobStatus:
    """Bedrock's status of the batch. As at AWS, `Completed` does not mean that every record succeeded."""
    if batch.state == "expired":
        return "PartiallyCompleted" if batch.succeeded + batch.failed > 0 else "Expired"
    if batch.state != "running":
        return _FINAL[batch.state]
    for pattern, status in _RUNNING:
        if pattern.search(batch.raw_status):
            return status
    return "InProgress"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True)


class _S3Location(_Model):
    s3_uri: str


class _Input(_Model):
    s3_input_data_config: _S3Location


class _Output(_Model):
    s3_output_data_config: _S3Location


class _Description(_Model):
    job_arn: str
    job_name: str
    model_id: str
    role_arn: str
    status: JobStatus
    message: str
    submit_time: Timestamp
    end_time: Timestamp | None
    job_expiration_time: Timestamp | None
    input_data_config: _Input
    output_data_config: _Output
    total_record_count: int
    processed_record_count: int
    success_record_count: int
    error_record_count: int


def description(batch: NativeBatch, region: str) -> bytes:
    """The response body of Get."""
    status = status_of(batch)
    return (
        _Description(
            job_arn=arn_of(batch.id, region),
            job_name=batch.id,
            model_id=batch.model or f"unknown-model-at-{batch.provider}",
            role_arn=ROLE,
            status=status,
            message=_message(batch)[:_LONGEST_MESSAGE],
            submit_time=_utc(batch.created or NO_TIME),
            end_time=_utc(batch.ended) if batch.ended is not None and status in TERMINAL else None,
            job_expiration_time=None if batch.expires is None else _utc(batch.expires),
            input_data_config=_Input(
                s3_input_data_config=_S3Location(s3_uri=_uri("input", batch.provider, batch.input_id))
            ),
            output_data_config=_Output(
                s3_output_data_config=_S3Location(
                    s3_uri=_uri("output", batch.provider, *batch.result_files[:1])
                )
            ),
            total_record_count=batch.total,
            processed_record_count=batch.succeeded + batch.failed,
            success_record_count=batch.succeeded,
            error_record_count=batch.failed,
        )
        .model_dump_json(by_alias=True, exclude_none=True)
        .encode()
    )


def stopped(batch: NativeBatch) -> bytes:
    """The response body of Stop. Raises `AwsError` for a batch that had ended, as AWS does.

    A cancelled batch is no error, as it may have been cancelled by this call.
    """
    status = status_of(batch)
    if status in TERMINAL and status != "Stopped":
        raise AwsError("ValidationException", f"The job {batch.id} cannot be stopped. State was: {status}")
    return b""


def _message(batch: NativeBatch) -> str:
    """The facts without a member of their own: the provider's status, its errors, its result files."""
    parts = [f"A batch of {batch.provider}, not of Bedrock. Status there: {batch.raw_status}", *batch.errors]
    if batch.result_files:
        parts.append(f"Results at {batch.provider}: {', '.join(batch.result_files)}")
    return ". ".join(part.rstrip(".") for part in parts)


def _uri(what: str, *segments: str | None) -> str:
    """A placeholder S3 URI that matches AWS's pattern and names a file at the provider."""
    named = [_NOT_IN_S3_URIS.sub("-", part) for text in segments if text for part in text.split("/") if part]
    return "/".join([f"s3://{what}-is-at-the-provider", *named])


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
