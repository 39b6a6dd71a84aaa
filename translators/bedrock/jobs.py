"""Batch jobs as Bedrock's control plane speaks of them: requests, statuses, descriptions."""

from typing import Literal

from translators.bedrock.aws_errors import AwsError as AwsError

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
"""A job with one of these never changes again."""
