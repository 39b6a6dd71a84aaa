"""The calls of Airflow's operator, sensor and deferrable trigger for Bedrock batches, rebuilt.

Airflow: providers/amazon, operators/bedrock.py, sensors/bedrock.py, triggers/bedrock.py, waiters/bedrock.json
(read 2026-11). The package is too large a dependency, and aiobotocore, on which its triggers wait, goes with
no botocore as new as ours: a trigger's single looks are made in a thread instead.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError
from botocore.waiter import Waiter, WaiterModel, create_waiter_with_client

from addon.demo.fake_provider.batch import Timing
from addon.demo.fake_provider.server import BatchServer
from tests.end_to_end.harness import CLAUDE, ROLE, Bucket, Client, claude, jsonl, when
from tests.waiting import PATIENCE

WAITS = ("Submitted", "Validating", "InProgress")
FAILS = ("Failed", "Stopped", "PartiallyCompleted", "Expired", "Stopping")


def acceptors(success: tuple[str, ...], retry: tuple[str, ...]) -> list[dict[str, str]]:
    states = [("success", success), ("retry", retry), ("failure", FAILS)]
    return [
        {"matcher": "path", "argument": "status", "expected": status, "state": state}
        for state, statuses in states
        for status in statuses
    ]


WAITERS = {
    "version": 2,
    "waiters": {
        name: {"operation": "GetModelInvocationJob", "delay": 1, "maxAttempts": 75, "acceptors": accepted}
        for name, accepted in {
            "batch_inference_complete": acceptors(("Completed",), (*WAITS, "Scheduled")),
            "batch_inference_scheduled": acceptors(("Completed", "Scheduled", "InProgress"), WAITS[:2]),
        }.items()
    },
}


def get_waiter(client: Client, name: str) -> Waiter:
    return create_waiter_with_client(name, WaiterModel(WAITERS), client)


def execute(client: Client, bucket: Bucket, **options: Any) -> str:
    """`BedrockBatchInferenceOperator.execute`, as far as the job's creation."""
    response = client.create_model_invocation_job(
        jobName="an-airflow-task",
        roleArn=ROLE,
        modelId=CLAUDE,
        inputDataConfig={"s3InputDataConfig": {"s3InputFormat": "JSONL", "s3Uri": bucket.uri("in.jsonl")}},
        outputDataConfig={"s3OutputDataConfig": {"s3Uri": bucket.uri("out/")}},
        **options,
    )
    arn: str = response["jobArn"]
    return arn


def poke(client: Client, arn: str) -> bool:
    """`BedrockBatchInferenceSensor.poke`."""
    state = client.get_model_invocation_job(jobIdentifier=arn)["status"]
    assert state not in FAILS
    return bool(state == "Completed")


async def run_trigger(client: Client, arn: str, looked: Callable[[], object]) -> str:
    """`BedrockBatchInferenceCompletedTrigger.run`: a waiter of one attempt, again and again."""
    waiter = get_waiter(client, "batch_inference_complete")
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await asyncio.to_thread(
                    waiter.wait, jobIdentifier=arn, WaiterConfig={"Delay": 0, "MaxAttempts": 1}
                )
                return "success"
            except WaiterError as error:
                if "terminal failure" in str(error):
                    raise
                looked()
                await asyncio.sleep(0.1)


def records(bucket: Bucket) -> None:
    """Airflow's example leaves `recordId` out."""
    bucket.put("in.jsonl", jsonl({"modelInput": claude(number)["modelInput"]} for number in range(3)))


def test_the_operator_waits_for_completion(routed: Client, bucket: Bucket) -> None:
    records(bucket)
    arn = execute(routed, bucket, clientRequestToken="an-airflow-run")
    waiting = {"Delay": 0.1, "MaxAttempts": int(PATIENCE * 10)}
    get_waiter(routed, "batch_inference_scheduled").wait(jobIdentifier=arn, WaiterConfig=waiting)
    get_waiter(routed, "batch_inference_complete").wait(jobIdentifier=arn, WaiterConfig=waiting)
    assert len(bucket.rows(arn)) == 3


async def test_the_sensor_and_the_trigger_see_the_same_end(
    routed: Client, bucket: Bucket, provider: BatchServer
) -> None:
    provider.timing = Timing(seconds=1)
    records(bucket)
    arn = await asyncio.to_thread(execute, routed, bucket)
    pokes: list[bool] = []
    outcome = await run_trigger(routed, arn, lambda: pokes.append(poke(routed, arn)))
    assert (outcome, poke(routed, arn)) == ("success", True)
    assert pokes


async def test_a_stopped_job_is_the_triggers_failure(
    routed: Client, bucket: Bucket, provider: BatchServer
) -> None:
    provider.timing = Timing(seconds=PATIENCE)
    records(bucket)
    arn = await asyncio.to_thread(execute, routed, bucket)
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if not stopped:
            routed.stop_model_invocation_job(jobIdentifier=arn)
            stopped = True

    with pytest.raises(WaiterError, match="terminal failure"):
        await run_trigger(routed, arn, stop)
    when(routed, arn, "Stopped")


def test_a_stop_after_the_end_is_tolerated_by_its_words(routed: Client, bucket: Bucket) -> None:
    """The example's clean-up ignores the error of a stop where its text has `State was: Completed`."""
    records(bucket)
    arn = execute(routed, bucket)
    when(routed, arn, "Completed")
    with pytest.raises(ClientError) as refused:
        routed.stop_model_invocation_job(jobIdentifier=arn)
    assert "State was: Completed" in str(refused.value)
