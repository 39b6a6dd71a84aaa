"""The opaque `nextToken`s of a List."""

import base64
from datetime import datetime
from typing import Annotated

import msgspec

from addon.jobs.database.job_views import JobView
from translators.bedrock.jobs import AwsError

DEFAULT_PAGE = 100
"""Jobs on a page when `maxResults` is not sent; AWS does not document its own number."""


class _Position(msgspec.Struct, array_like=True, frozen=True):
    submitted: Annotated[datetime, msgspec.Meta(tz=False)]
    job_id: str
    listing: str


def token_after(job: JobView, listing: str) -> str:
    """The `nextToken` of a page that ends with this job. `listing`: fingerprint of the List's parameters."""
    position = _Position(submitted=job.submitted, job_id=job.id, listing=listing)
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode()


def place_of(token: str, listing: str) -> tuple[datetime, str]:
    """Submit time and id of the previous page's last job. Raises `AwsError` for a token of another List."""
    try:
        position = msgspec.json.decode(base64.urlsafe_b64decode(token), type=_Position)
    except ValueError as error:
        raise AwsError("ValidationException", "The nextToken is not one that this service gave.") from error
    if position.listing != listing:
        raise AwsError("ValidationException", "The nextToken is of a List with other parameters.")
    return position.submitted, position.job_id
