"""The errors that a boto3 application gets from the control plane, in AWS's shape."""

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
    """A refusal as Bedrock's control plane words it; `members` are further members of its body."""

    def __init__(self, error_type: ErrorType, message: str, members: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.status = STATUSES[error_type]
        self.message = message
        self.members = dict(members or {})

    def headers(self, request_id: str) -> dict[str, str]:
        """What boto3 takes the exception's class (`x-amzn-ErrorType`) and the request id from."""
        return {
            "content-type": "application/json",
            "x-amzn-RequestId": request_id,
            "x-amzn-ErrorType": self.error_type,
        }

    def body(self) -> bytes:
        """The JSON document; `__type` repeats the class for clients that read only bodies."""
        return json.dumps({"__type": self.error_type, "message": self.message, **self.members}).encode()


_MEANINGS: Mapping[int, ErrorType] = MappingProxyType(
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
"""What a program should do about a provider's status, said in AWS's exceptions; 529 is Anthropic's overload.
Other 4xx mean that the request is wrong, other 5xx that the provider is."""


def aws_error(provider: str, error: ProviderError) -> AwsError:
    """The exception a boto3 program would act on, with the provider's own words inside.

    A 429 that will not pass (no money left) is a quota, which boto3 does not send again.
    """
    other: ErrorType = "InternalServerException" if error.status >= 500 else "ValidationException"
    error_type = _MEANINGS.get(error.status, other)
    if error_type == "ThrottlingException" and not error.passing:
        error_type = "ServiceQuotaExceededException"
    return AwsError(error_type, f"{provider} answered {error.status}: {error.message}")
