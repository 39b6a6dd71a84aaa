"""What boto3 raises: AWS's exceptions, caught by their class."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from addon.demo.fake_provider.batch import Outcome, Timing
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.conftest import StartProxy
from tests.end_to_end.harness import Bucket, Client, bedrock, claude, ended, held, jsonl, when

RECORDS = [claude(number) for number in range(1, 4)]


def create(client: Client, bucket: Bucket, **changes: Any) -> str:
    request = bucket.request(bucket.put("in.jsonl", jsonl(RECORDS)), **changes)
    arn: str = client.create_model_invocation_job(**request)["jobArn"]
    return arn


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"jobName": "my job"}, "Value 'my job' at 'jobName' failed to satisfy constraint"),
        ({"timeoutDurationInHours": 500}, "timeoutDurationInHours"),
        ({"modelInvocationType": "Foo"}, "modelInvocationType"),
        ({"roleArn": "a-role"}, "roleArn"),
    ],
)
def test_a_request_that_breaks_a_constraint_is_a_validation_exception(
    routed: Client, bucket: Bucket, changes: dict[str, Any], expected: str
) -> None:
    with pytest.raises(routed.exceptions.ValidationException) as refusal:
        create(routed, bucket, **changes)
    assert expected in refusal.value.response["Error"]["Message"]
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_unknown_provider_is_a_validation_exception_that_names_the_known_ones(
    routed_to: Callable[[str], Client], bucket: Bucket
) -> None:
    client = routed_to("nobody")
    with pytest.raises(client.exceptions.ValidationException, match="openai"):
        create(client, bucket)


def test_a_model_that_nothing_maps_is_a_validation_exception(routed: Client, bucket: Bucket) -> None:
    with pytest.raises(routed.exceptions.ValidationException, match="models"):
        create(routed, bucket, modelId="amazon.nova-pro-v1:0")


def test_no_key_is_an_access_denied_exception(routed_to: Callable[[str], Client], bucket: Bucket) -> None:
    client = routed_to("keyless")
    with pytest.raises(client.exceptions.AccessDeniedException, match="NO_SUCH_KEY"):
        create(client, bucket)


def test_a_bucket_that_is_not_allowed_is_an_access_denied_exception(
    start_proxy: StartProxy, bucket: Bucket
) -> None:
    proxy = start_proxy(config={"s3": {"allowed": ["s3://another-bucket/"]}})
    with (
        bedrock(proxy, provider="openai") as client,
        pytest.raises(client.exceptions.AccessDeniedException, match=bucket.name),
    ):
        create(client, bucket)


def test_a_token_used_for_something_else_is_a_conflict_exception(routed: Client, bucket: Bucket) -> None:
    token = bucket.name
    arn = create(routed, bucket, clientRequestToken=token)
    with pytest.raises(routed.exceptions.ConflictException):
        create(routed, bucket, clientRequestToken=token, jobName="another-name")
    assert create(routed, bucket, clientRequestToken=token) == arn
    ended(routed, arn)


def test_too_many_tags_are_refused_with_the_resource_named(routed: Client, bucket: Bucket) -> None:
    arn = create(routed, bucket, tags=[{"key": "team", "value": "a"}])
    assert routed.list_tags_for_resource(resourceARN=arn)["tags"] == [{"key": "team", "value": "a"}]
    many = [{"key": f"key-{number}", "value": ""} for number in range(50)]
    with pytest.raises(routed.exceptions.TooManyTagsException) as refusal:
        routed.tag_resource(resourceARN=arn, tags=many)
    assert refusal.value.response["resourceName"] == arn
    routed.untag_resource(resourceARN=arn, tagKeys=["team"])
    assert routed.list_tags_for_resource(resourceARN=arn)["tags"] == []
    ended(routed, arn)


def test_a_finished_job_cannot_be_stopped_and_says_its_state(routed: Client, bucket: Bucket) -> None:
    arn = create(routed, bucket)
    ended(routed, arn)
    with pytest.raises(routed.exceptions.ValidationException, match="State was: Completed"):
        routed.stop_model_invocation_job(jobIdentifier=arn)


@pytest.mark.parametrize("identifier", [lambda arn: arn, lambda arn: arn.rpartition("/")[2]])
def test_a_job_is_found_and_stopped_by_its_arn_and_by_its_id(
    provider: BatchServer, routed: Client, bucket: Bucket, identifier: Callable[[str], str]
) -> None:
    provider.outcome = lambda number: Outcome(stalls_after=0)
    arn = create(routed, bucket)
    assert routed.get_model_invocation_job(jobIdentifier=identifier(arn))["jobArn"] == arn
    routed.stop_model_invocation_job(jobIdentifier=identifier(arn))
    assert routed.get_model_invocation_job(jobIdentifier=arn)["status"] in {"Stopping", "Stopped"}
    assert ended(routed, arn)["status"] == "Stopped"
    with pytest.raises(routed.exceptions.ValidationException, match="State was: Stopped"):
        routed.stop_model_invocation_job(jobIdentifier=arn)


def test_one_token_from_twenty_threads_makes_one_job(
    provider: BatchServer, proxy: ProxyProcess, bucket: Bucket
) -> None:
    provider.timing = Timing(looks=2)
    request = bucket.request(bucket.put("in.jsonl", jsonl(RECORDS)), clientRequestToken=bucket.name)
    with bedrock(proxy, provider="openai", max_pool_connections=20) as client:
        with ThreadPoolExecutor(20) as pool:
            calls = [pool.submit(client.create_model_invocation_job, **request) for _ in range(20)]
        (arn,) = {call.result()["jobArn"] for call in calls}
        ended(client, arn)
    assert len(provider.batches) == 1


def test_a_list_is_filtered_sorted_and_paged(proxy: ProxyProcess, bucket: Bucket) -> None:
    prefix = bucket.name.replace("bucket-", "list")
    with bedrock(proxy, provider="openai", on="*") as client:
        arns = [create(client, bucket, jobName=f"{prefix}-{number}") for number in range(5)]
        for arn in arns:
            ended(client, arn)
        pages = client.get_paginator("list_model_invocation_jobs").paginate(
            nameContains=prefix, statusEquals="Completed", sortOrder="Ascending", maxResults=2
        )
        summaries = [page["invocationJobSummaries"] for page in pages]
        assert [len(page) for page in summaries] == [2, 2, 1]
        assert [job["jobArn"] for page in summaries for job in page] == arns
        newest = client.list_model_invocation_jobs(nameContains=prefix)["invocationJobSummaries"]
        assert [job["jobArn"] for job in newest] == arns[::-1]
        assert client.list_model_invocation_jobs(statusEquals="Scheduled")["invocationJobSummaries"] == []


def test_statuses_come_in_aws_order(provider: BatchServer, routed: Client, bucket: Bucket) -> None:
    seen_in_progress = threading.Event()
    provider.at = held("retrieve", seen_in_progress)
    arn = create(routed, bucket)
    seen = [when(routed, arn, *STATUSES)["status"]]
    while seen[-1] != "Completed":
        if seen[-1] == "InProgress":
            seen_in_progress.set()
        seen.append(when(routed, arn, *STATUSES)["status"])
    order = list(dict.fromkeys(seen))
    assert order == [status for status in STATUSES if status in order]
    assert "InProgress" in order


STATUSES = ("Submitted", "Validating", "Scheduled", "InProgress", "Completed")
