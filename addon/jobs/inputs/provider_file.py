"""Input that is a file at the provider: its lines are the records.

The file is fetched because output rows repeat the records, in their order. Result rows carry the custom ids
that the file's author chose; they get those of a job of ours, so that joining them needs no case of its own.
"""

import logging
from pathlib import Path
from typing import Any

import anyio

from addon.jobs.database.tables import Job, utc_now
from addon.jobs.errors import JobFailed, NotConfigured
from addon.jobs.job_run import JobRun, shard_of
from addon.jobs.processes.input_reader import Start
from addon.jobs.processes.provider_file_lines import labelled, records_of
from addon.jobs.processes.split import Cut
from addon.providers.retry_policy import Unreachable
from addon.storage.s3 import InputObject
from translators.bedrock.jobs import ProviderFile
from translators.errors import ACCESS_DENIED, ProviderError
from translators.providers.conversation import Batch

logger = logging.getLogger(__name__)


class FileAtProvider:
    """An `InputSource` of one shard with a single batch, which Create has made or intended."""

    at_provider = True

    def __init__(self, file: ProviderFile) -> None:
        self._file = file

    def described(self, job: Job) -> list[dict[str, Any]]:
        records = job.inputs[0]["records"] if job.inputs else None
        return [{"uri": f"{self._file.id} at {job.provider}", "bytes": None, "records": records}]

    async def plan(self, run: JobRun) -> None:
        path = run.spool.input(0)
        records = await self._fetched(run, path)
        cut = Cut(start=Start(), records=records, lines=records, group=self._file.endpoint)
        shard = shard_of(run.id, 0, cut, leads=True)
        size = (await anyio.Path(path).stat()).st_size
        entry = {"key": self._key(run.job), "size": size, "etag": None, "records": records}
        report = run.report_of_model(records)
        await run.resources.store.plan(run.id, utc_now(), shards=[shard], inputs=[entry], report=report)

    async def fetch(self, run: JobRun, entry: InputObject, path: Path) -> None:
        await self._fetched(run, path)

    async def _fetched(self, run: JobRun, path: Path) -> int:
        """Write the file's lines as records; how many. Raises `JobFailed`."""
        file, provider = self._file.id, run.job.provider
        folder = path.parent / "fetched"
        await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
        wanted = Batch(id="", state="ended", raw_status="", result_files=(file,))
        endpoint = await run.endpoint()
        try:
            names = await run.resources.transport.play(run.batches.results(endpoint, wanted), folder=folder)
        except ProviderError as error:
            if error.passing or error.status in ACCESS_DENIED:
                raise
            raise JobFailed(f"the file {file} cannot be had from {provider}: {error.message}") from error
        try:
            return await run.resources.in_process(records_of, [folder / name for name in names], path)
        except ValueError as error:
            raise JobFailed(f"the file {file} at {provider}: {error}") from error

    async def label(self, run: JobRun, results: list[Path]) -> None:
        records = run.spool.input(0)
        if not await anyio.Path(records).is_file():
            await self._fetched(run, records)
        await run.resources.in_process(labelled, results, records, run.id)

    async def abandon(self, run: JobRun) -> None:
        batch_id = (await run.resources.store.batch(run.id, 0, 0)).batch_id
        if batch_id is None:
            return
        try:
            endpoint = await run.endpoint()
            await run.resources.transport.play(run.batches.cancel(endpoint, batch_id))
        except (ProviderError, Unreachable, NotConfigured) as error:
            logger.warning(
                "job %s: its batch %s goes on at %s: %s", run.id, batch_id, run.job.provider, error
            )
            await run.note("refused", f"cannot be cancelled: {error}", shard=0, batch=batch_id)
        else:
            await run.note("stop", "the provider accepts the end of the batch", shard=0, batch=batch_id)

    def _key(self, job: Job) -> str:
        """The input object's key, from which output is named: as requested, else with the file's id."""
        uri: str = job.request["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]
        key = uri.removeprefix("s3://").partition("/")[2]
        if key.endswith(".jsonl"):
            return key
        return f"{key}{'/' if key and not key.endswith('/') else ''}{self._file.id.replace('/', '-')}.jsonl"
