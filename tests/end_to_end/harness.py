"""boto3 clients that go through a proxy, jobs, records and results of end-to-end tests."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.awsrequest import AWSRequest
from botocore.config import Config

from addon.demo.proxy_process import Mode
from tests.waiting import PATIENCE, wait_until

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/batch"
REGION = "us-east-1"
NO_REGION = "nowhere-1"
"""A region whose hosts have no address: what is sent there can only be answered on the way."""
CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
OVER = frozenset({"Completed", "Failed", "Stopped", "PartiallyCompleted", "Expired"})

CALLER = {
    "aws_access_key_id": "the-callers-access-key",
    "aws_secret_access_key": "the-callers-secret-key",
    "aws_session_token": "the-callers-session-token",
}
"""AWS credentials of the application, valid nowhere."""

type Record = dict[str, Any]
type Client = Any
"""boto3 makes its clients at run time."""


def client(service: str, *, endpoint: str | None = None, region: str = REGION, **config: Any) -> Client:
    """A boto3 client with the caller's credentials and nothing from this machine's configuration."""
    session = boto3.Session(**CALLER, region_name=region)
    verify = config.pop("verify", None)
    return session.client(service, endpoint_url=endpoint, verify=verify, config=Config(**config))


class Reachable(Protocol):
    """An address of a proxy."""

    @property
    def mode(self) -> Mode: ...

    @property
    def url(self) -> str: ...

    @property
    def bundle(self) -> Path: ...


@contextmanager
def bedrock(
    proxy: Reachable, *, provider: str | None = None, on: str = "CreateModelInvocationJob", **config: Any
) -> Iterator[Client]:
    """A client for Bedrock through the proxy.

    `provider` goes into the header, on the operations that `on` names (botocore's event, `*` for all).
    """
    config = {"retries": {"total_max_attempts": 1}, **config}
    if proxy.mode == "regular":
        made = client("bedrock", proxies={"https": proxy.url}, verify=str(proxy.bundle), **config)
    else:
        made = client("bedrock", endpoint=proxy.url, **config)
    if provider is not None:

        def add_header(request: AWSRequest, **_: Any) -> None:
            request.headers.add_header("x-model-provider", provider)

        made.meta.events.register(f"before-sign.bedrock.{on}", add_header)
    with closing(made):
        yield made


def claude(number: int, text: str | None = None, **members: Any) -> Record:
    """A record for Claude."""
    content = text if text is not None else f"Question {number}?"
    return {
        "recordId": f"REC{number:08d}",
        "modelInput": {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 256,
            "messages": [{"role": "user", "content": content}],
            **members,
        },
    }


def jsonl(records: Iterable[Record]) -> bytes:
    return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records).encode()


def held[Point: str](at: Point, release: threading.Event) -> Callable[[Point, int], None]:
    """A provider's hook that holds every request at one point until `release` is set."""

    def hook(point: Point, count: int) -> None:
        if point == at:
            assert release.wait(PATIENCE)

    return hook


@dataclass(frozen=True)
class Bucket:
    """A bucket of the test, with the places of one job in it."""

    s3: Client
    name: str

    def put(self, key: str, data: bytes) -> str:
        """Store an object; its URI."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=data)
        return self.uri(key)

    def uri(self, key: str) -> str:
        return f"s3://{self.name}/{key}"

    def get(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        return body

    def keys(self, prefix: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def request(self, input_uri: str, **changes: Any) -> dict[str, Any]:
        """Arguments of a Create call; output goes below `out/`."""
        return {
            "jobName": "a-job",
            "roleArn": ROLE,
            "modelId": CLAUDE,
            "inputDataConfig": {"s3InputDataConfig": {"s3Uri": input_uri}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": self.uri("out/")}},
            **changes,
        }

    def rows(self, arn: str, name: str = "in.jsonl") -> list[Record]:
        """The output rows of a job, in the order of the file."""
        data = self.get(f"out/{job_id(arn)}/{name}.out").decode()
        return [json.loads(line) for line in data.split("\n") if line]

    def manifest(self, arn: str) -> Mapping[str, int]:
        manifest: Mapping[str, int] = json.loads(self.get(f"out/{job_id(arn)}/manifest.json.out"))
        return manifest


def job_id(arn: str) -> str:
    return arn.rpartition("/")[2]


def ended(bedrock: Client, arn: str) -> dict[str, Any]:
    """The job when it is over."""
    return when(bedrock, arn, *OVER)


def when(bedrock: Client, arn: str, *statuses: str, processed: int = 0) -> dict[str, Any]:
    """The job as soon as its status is one of these, and so many records are processed."""
    job: dict[str, Any] = {}

    def is_reached() -> bool:
        nonlocal job
        job = bedrock.get_model_invocation_job(jobIdentifier=arn)
        if job["status"] in statuses and job["processedRecordCount"] >= processed:
            return True
        assert job["status"] not in OVER, f"the job did not become {statuses}: {job}"
        return False

    wait_until(is_reached, f"{statuses} of {arn}")
    return job


def counts(job: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Total, processed, succeeded, failed."""
    names = ("totalRecordCount", "processedRecordCount", "successRecordCount", "errorRecordCount")
    total, processed, succeeded, failed = (job[name] for name in names)
    return total, processed, succeeded, failed
