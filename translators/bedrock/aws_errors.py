"""The errors that a boto3 application gets from the control plane, in AWS's shape."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

type ErrorType = Literal[
    "AccessDeniedException",
    "ConflictException",
    "InternalServerException",
    "ResourceNotFoundException",
    "SerializationException",
    "ServiceQuotaExceededException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "TooManyTagsException",
    "ValidationException",
]

STATUSES: Mapping[ErrorType, int] = MappingProxyType(
    {
        "AccessDeniedException": 403,
        "ConflictException": 400,
        "InternalServerException": 500,
        "ResourceNotFoundException": 404,
        "SerializationException": 400,
        "ServiceQuotaExceededException": 400,
        "ServiceUnavailableException": 503,
        "ThrottlingException": 429,
        "TooManyTagsException": 400,
        "ValidationException": 400,
    }
)
"""HTTP status of each exception, as in AWS's service model; a conflict is 400 there, not 409."""


class AwsError(Exception):
    """A refusal as Bedrock's control plane words it; `members` are further members of its body."""

    def __init__(self, error_type: ErrorType, message: str, members: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.status = STATUSES[error_type]
        self.message = message
        self.members = dict(members or {})

    def headers(self, request_id: str) -> dict[str, str]:
        """boto3 finds the exception's class in `x-amzn-ErrorType` and the request id in `x-amzn-RequestId`."""
        return {
            "content-type": "application/json",
            "x-amzn-RequestId": request_id,
            "x-amzn-ErrorType": self.error_type,
        }

    def body(self) -> bytes:
        """The JSON document; `__type` repeats the class for clients that read only bodies."""
        return json.dumps({"__type": self.error_type, "message": self.message, **self.members}).encode()
