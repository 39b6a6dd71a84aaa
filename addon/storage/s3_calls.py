"""Calls to S3 as an observer gets them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from botocore.exceptions import ClientError

from addon.storage import object_store
from addon.storage.calls import Body, Call, files_body


@dataclass
class S3Request:
    """What is done with a bucket; a large object, which goes in several requests, counts as one."""

    method: str
    bucket: str
    key: str
    query: str = ""
    sent: Sequence[Path] | bytes = b""
    received: Sequence[Path] = ()
    endpoint: str = ""
    """S3's address; empty until the bucket is opened."""
    status: int = 200
    """Where no error was raised."""
    began: float = field(default_factory=time.time)

    @classmethod
    def listing(cls, bucket: str, key: str) -> "S3Request":
        """A request for the keys below this one."""
        return cls("GET", bucket, "", query=f"?{urlencode({'list-type': 2, 'prefix': key})}")

    async def call(self, region: str, error: Exception | None = None, said: str | None = None) -> Call:
        """The call that is over; `error`: what was raised, `said`: its text for people."""
        sent = Body.of(self.sent) if isinstance(self.sent, bytes) else await files_body(self.sent)
        received = await files_body(self.received) if self.received and error is None else Body()
        host = self.endpoint or f"https://s3.{region}.amazonaws.com"
        return Call(
            service="s3",
            method=self.method,
            url=f"{host}/{quote(f'{self.bucket}/{self.key}')}{self.query}",
            request=sent,
            status=self.status if error is None else _status(error),
            response=received,
            error=said,
            began=self.began,
            ended=time.time(),
        )


def _status(error: Exception) -> int | None:
    """S3's HTTP status; None where it gave no response."""
    if isinstance(error, ClientError):
        status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status
    return 404 if isinstance(error, FileNotFoundError) else object_store.parsed(error).status
