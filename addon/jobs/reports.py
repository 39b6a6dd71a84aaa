"""Jobs as plain values, for `--json` and for the tables of the command line."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from addon.jobs.database.event_store import EventStore
from addon.jobs.database.store import Store
from addon.jobs.database.tables import BatchRow, Event, Job, Shard
from addon.jobs.inputs.source import input_source
from addon.jobs.locations import Output
from addon.jobs.processes.note_counts import merged


def summary(job: Job) -> dict[str, Any]:
    """The job's state. Times are UTC in ISO 8601."""
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
        "retry_of": job.retry_of,
    }


def report(job: Job, store: Store) -> dict[str, Any]:
    """`summary`, and the job's files, translation report, provider batches and timeline."""
    shards = store.shards(job.id)
    batches = store.batches(job.id)
    return {
        **summary(job),
        "region": job.region,
        "role_arn": job.request["roleArn"],
        "invocation_type": job.request.get("modelInvocationType", "InvokeModel"),
        "tags": store.tags(job.id),
        "retried_by": list(store.retries(job.id)),
        "input": input_source(job).described(job),
        "output": _output(job),
        "report": merged([job.report, *(shard.notes for shard in shards)]),
        "shards": [_shard(shard, (row for row in batches if row.shard == shard.number)) for shard in shards],
        "timeline": [timeline_entry(event) for event in EventStore(store).timeline(job.id)],
    }


def _output(job: Job) -> dict[str, Any] | None:
    """URIs of the output, written or to be written; None for a job that failed, which writes none."""
    if job.status == "Failed":
        return None
    output = Output(job)
    bucket = f"s3://{output.bucket}/"
    return {
        "folder": bucket + output.folder,
        "files": [bucket + output.key(entry["key"]) for entry in job.inputs],
        "manifest": bucket + output.manifest,
    }


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
                "creation": row.creation,
                "state": row.state,
                "raw_status": row.raw_status,
                "succeeded": row.succeeded,
                "failed": row.failed,
            }
            for row in batches
        ],
    }


def timeline_entry(event: Event) -> dict[str, Any]:
    """An entry of a job's timeline."""
    return {
        "number": event.number,
        "first": _iso(event.first),
        "last": _iso(event.last),
        "count": event.count,
        "kind": event.kind,
        "text": event.text,
        "shard": event.shard,
        "batch": event.batch,
    }


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
