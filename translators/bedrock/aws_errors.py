"""Errors of Bedrock's control plane, in the shape that boto3 reads."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from translators.errors import ProviderError

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
    """An error response of Bedrock's control plane; `members`: further members of its body."""

    def __init__(self, error_type: ErrorType, message: str, members: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.status = STATUSES[error_type]
        self.message = message
        self.members = dict(members or {})

    def headers(self, request_id: str) -> dict[str, str]:
        """The response headers, from which boto3 reads the exception class and the request id."""
        return {
            "content-type": "application/json",
            "x-amzn-RequestId": request_id,
            "x-amzn-ErrorType": self.error_type,
        }

    def body(self) -> bytes:
        """The JSON body; `__type` repeats the exception class for clients that read only bodies."""
        return json.dumps({"__type": self.error_type, "message": self.message, **self.members}).encode()


_ERROR_TYPES: Mapping[int, ErrorType] = MappingProxyType(
    {
        401: "AccessDeniedException",
        402: "ServiceQuotaExceededException",
        403: "AccessDeniedException",
        404: "ResourceNotFoundException",
        408: "ServiceUnavailableException",
        409: "ConflictException",
        429: "ThrottlingException",
        502: "ServiceUnavailableException",
        503: "ServiceUnavailableException",
        504: "ServiceUnavailableException",
        529: "ServiceUnavailableException",
    }
)
"""A provider's HTTP status → the exception that calls for the same reaction; 529 is Anthropic's overload.
Other 4xx become a `ValidationException`, other 5xx an `InternalServerException`."""


def aws_error(provider: str, error: ProviderError) -> AwsError:
    """The AWS error for a provider's error, with the provider's message in it.

    A 429 that no retry resolves (quota exhausted) becomes `ServiceQuotaExceededException`, which boto3 does
    not retry.
    """
    other: ErrorType = "InternalServerException" if error.status >= 500 else "ValidationException"
    error_type = _ERROR_TYPES.get(error.status, other)
    if error_type == "ThrottlingException" and not error.passing:
        error_type = "ServiceQuotaExceededException"
    return AwsError(error_type, f"{provider} answered {error.status}: {error.message}")
