"""Batches that were made at a provider without us, as Bedrock's control plane would speak of them.

Bedrock requires members of which such a batch knows nothing: a role, places in S3. They get values that fit
AWS's patterns and say what they are. Nothing here knows a provider.
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
"""In ARNs of what belongs to no AWS account."""
ROLE = f"arn:aws:iam::{ACCOUNT}:role/none-the-batch-is-not-at-bedrock"
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""`submitTime` of a batch whose provider does not say when it was made."""

_ARN = re.compile(r"arn:aws(?:-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:model-invocation-job/(?P<id>.+)")
_NAMES_SOMETHING = re.compile("[a-zA-Z0-9]")
_NOT_IN_S3_URIS = re.compile(r"[^-!_*'().a-z0-9A-Z]")
_LONGEST_MESSAGE = 2048


@dataclass(frozen=True, kw_only=True)
class NativeBatch:
    """A batch as its provider tells of it."""

    provider: str
    """The name of the section that it was asked for under."""
    id: str
    state: str
    """running, ended, failed, expired or cancelled."""
    raw_status: str
    """The provider's own word."""
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
    """The provider's id in a decoded `jobIdentifier`, bare or in an ARN as `arn_of` makes it; None for an id
    of Bedrock's own form, which only Bedrock can know."""
    try:
        job_identifier(identifier)
    except AwsError:
        named = _ARN.fullmatch(identifier)
        native = named["id"] if named is not None else identifier
        return native if _NAMES_SOMETHING.search(native) else None
    return None


def arn_of(batch_id: str, region: str) -> str:
    """What stands for a job's ARN; Get and Stop take it as they take the id itself."""
    return f"arn:aws:bedrock:{region}:{ACCOUNT}:model-invocation-job/{batch_id}"


_OVER: Mapping[str, JobStatus] = MappingProxyType(
    {"ended": "Completed", "failed": "Failed", "cancelled": "Stopped"}
)

_RUNNING: tuple[tuple[re.Pattern[str], JobStatus], ...] = (
    (re.compile("cancel", re.IGNORECASE), "Stopping"),
    (re.compile("validat", re.IGNORECASE), "Validating"),
    (re.compile("queue|pending|unspecified", re.IGNORECASE), "Scheduled"),
)
"""What the words of providers have in common. Any other batch that is not over is in progress."""


def status_of(batch: NativeBatch) -> JobStatus:
    """`Completed` says that processing finished, whatever became of the records, as at AWS."""
    if batch.state == "expired":
        return "PartiallyCompleted" if batch.succeeded + batch.failed > 0 else "Expired"
    if batch.state != "running":
        return _OVER[batch.state]
    for word, status in _RUNNING:
        if word.search(batch.raw_status):
            return status
    return "InProgress"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True)


class _Place(_Model):
    s3_uri: str


class _Input(_Model):
    s3_input_data_config: _Place


class _Output(_Model):
    s3_output_data_config: _Place


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
    """The answer to Get."""
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
                s3_input_data_config=_Place(s3_uri=_uri("input", batch.provider, batch.input_id))
            ),
            output_data_config=_Output(
                s3_output_data_config=_Place(s3_uri=_uri("output", batch.provider, *batch.result_files[:1]))
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
    """The answer to Stop. Raises `AwsError` for a batch that was over, as AWS does.

    One that is cancelled now may have been cancelled before: that is what was asked for.
    """
    status = status_of(batch)
    if status in TERMINAL and status != "Stopped":
        raise AwsError("ValidationException", f"The job {batch.id} cannot be stopped. State was: {status}")
    return b""


def _message(batch: NativeBatch) -> str:
    """What there is no other member for: the provider's own word, its reasons, where its results are."""
    said = [f"A batch of {batch.provider}, not of Bedrock. Status there: {batch.raw_status}", *batch.errors]
    if batch.result_files:
        said.append(f"Results at {batch.provider}: {', '.join(batch.result_files)}")
    return ". ".join(part.rstrip(".") for part in said)


def _uri(what: str, *segments: str | None) -> str:
    """No place in S3: a URI that fits AWS's pattern, and names what is at the provider."""
    named = [_NOT_IN_S3_URIS.sub("-", part) for text in segments if text for part in text.split("/") if part]
    return "/".join([f"s3://{what}-is-at-the-provider", *named])


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
