"""What is known of a job, as plain values: what `--json` prints and what people's views are made from."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from addon.jobs.inputs.provider_file import file_of
from addon.jobs.job_run import input_location, output_location
from addon.jobs.publication import folder_key, relative
from addon.jobs.store import Store
from addon.jobs.tables import BatchRow, Job, Shard


def summary(job: Job) -> dict[str, Any]:
    """How the job stands. Times are UTC in ISO 8601."""
    return {
        "id": job.id,
        "arn": job.arn,
        "name": job.name,
        "provider": job.provider,
        "model": job.model,
        "refusals": job.refusals,
        "fallbacks": job.fallbacks,
        "model_id": job.request["modelId"],
        "status": job.status,
        "message": job.message,
        "waiting": job.waiting,
        "records": {"total": job.total, "succeeded": job.succeeded, "failed": job.failed},
        "tokens": {"input": job.input_tokens, "output": job.output_tokens},
        "submitted": _iso(job.submitted),
        "modified": _iso(job.modified),
        "ended": _iso(job.ended) if job.ended is not None else None,
        "expires": _iso(job.deadline),
    }


def report(job: Job, store: Store) -> dict[str, Any]:
    """Everything about the job: `summary`, where its files are, what was lost, and its provider batches."""
    shards = store.shards(job.id)
    batches = store.batches(job.id)
    return {
        **summary(job),
        "region": job.region,
        "role_arn": job.request["roleArn"],
        "invocation_type": job.request.get("modelInvocationType", "InvokeModel"),
        "tags": store.tags(job.id),
        "input": _inputs(job),
        "output": _output(job),
        "report": job.report,
        "shards": [_shard(shard, (row for row in batches if row.shard == shard.number)) for shard in shards],
    }


def _inputs(job: Job) -> list[dict[str, Any]]:
    if (file := file_of(job)) is not None:
        records = job.inputs[0]["records"] if job.inputs else None
        return [{"uri": f"{file.id} at {job.provider}", "bytes": None, "records": records}]
    source = input_location(job)
    if not job.inputs:  # not looked at yet: all that is known is what was asked for
        return [{"uri": f"s3://{source.bucket}/{source.key}", "bytes": None, "records": None}]
    return [
        {"uri": f"s3://{source.bucket}/{entry['key']}", "bytes": entry["size"], "records": entry["records"]}
        for entry in job.inputs
    ]


def _output(job: Job) -> dict[str, Any] | None:
    """Where the output is, or will be; a job that failed writes none."""
    if job.status == "Failed":
        return None
    folder = f"s3://{output_location(job).bucket}/{folder_key(job)}"
    files: Sequence[str] = [f"{folder}{relative(job, entry['key'])}.out" for entry in job.inputs]
    return {"folder": folder, "files": files, "manifest": f"{folder}manifest.json.out"}


def _shard(shard: Shard, batches: Iterable[BatchRow]) -> dict[str, Any]:
    return {
        "number": shard.number,
        "first_record": shard.first_record,
        "records": shard.records,
        "succeeded": shard.succeeded,
        "failed": shard.failed,
        "left_out": shard.left_out,
        "tokens": {"input": shard.input_tokens, "output": shard.output_tokens},
        "refusal": shard.refusal,
        "batches": [
            {
                "round": row.round,
                "batch_id": row.batch_id,
                "input_id": row.input_id,
                "state": row.state,
                "raw_status": row.raw_status,
                "succeeded": row.succeeded,
                "failed": row.failed,
            }
            for row in batches
        ],
    }


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
