"""The addon's mitmproxy commands: for mitmweb's command bar, the console's prompt and keys.

mitmproxy calls commands on its event loop and cannot wait for them. Each therefore returns what is known, has
the rest read in the background, and says where the result appears: as a flow, or in the event log.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from mitmproxy import command, flow, http
from mitmproxy.exceptions import CommandError
from mitmproxy.types import Choice
from mitmproxy.utils import asyncio_utils

from addon.jobs.database.job_progress import JobProgress
from addon.jobs.database.tables import utc_now
from addon.jobs.outages import is_database_away
from addon.jobs.records.documents import NoSuchRecord, UnknownOutcome
from addon.proxy.routing import region_of
from addon.proxy.services import Services
from addon.web.flows import labels
from addon.web.flows.flow_list import flow_list, show
from addon.web.flows.job_follower import StoredJobs
from addon.web.flows.record_flow import record_flow
from addon.web.flows.timeline_flow import errors_flow
from addon.web.flows.translated_flows import Inputs, NotTranslatable, translated
from translators.bedrock.aws_errors import AwsError

logger = logging.getLogger(__name__)

DEFAULT_REGION = "us-east-1"
"""Of requests that do not tell their own."""
MOST_LISTED = 50
"""Jobs that `batch.jobs` lists."""
_READING = "is being read and appears as a flow"


def _command[**Arguments, Result](
    name: str,
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """mitmproxy's decorator, which is untyped."""
    decorator: Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]] = command.command(name)
    return decorator


class _Timelines(Protocol):
    async def timeline(self, job_id: str) -> http.HTTPFlow | None:
        """The timeline of a job; None if there is no such job."""
        ...


class BatchCommands:
    """A mitmproxy addon with commands only. Names match mitmweb's `[a-z.]+`."""

    name = "bedrock_batch_commands"

    def __init__(self, services: Callable[[], Services | None], timelines: _Timelines) -> None:
        self._services = services
        self._timelines = timelines
        self._jobs: list[JobProgress] = []
        self._read: datetime | None = None
        self._errors: dict[str, list[str]] = {}

    def running(self) -> None:
        if flow_list() is not None and self._services() is not None:
            self.refresh()

    def refresh(self) -> None:
        """Read again which jobs there are."""
        self._in_background("batch.jobs", self._list())

    @_command("batch.jobs")
    def jobs(self) -> Sequence[str]:
        """List the newest jobs. They are read again in the background: call it again for what is new."""
        self.refresh()
        if self._read is None:
            return ["the jobs are being read: call batch.jobs again"]
        head = f"{len(self._jobs)} jobs, as of {self._read:%H:%M:%S} UTC"
        return [head, *(f"{job.id}  {job.name}  {labels.comment_of(job)}" for job in self._jobs)]

    @_command("batch.jobs.ids")
    def ids(self) -> Sequence[str]:
        """List the ids of the newest jobs, for a pick list."""
        self.refresh()
        return [job.id for job in self._jobs]

    @_command("batch.providers")
    def providers(self) -> Sequence[str]:
        """List the providers that a header can name."""
        return list(self._ready().config.known_providers)

    @_command("batch.show")
    def show(self, job: str) -> str:
        """Show the timeline of a job: its id or ARN, or a flow of it such as @focus."""
        job_id = self._job_id(job)

        async def read() -> None:
            made = await self._timelines.timeline(job_id)
            _show(made, f"batch.show: there is no job {job_id}")

        self._in_background("batch.show", read())
        return f"the timeline of job {job_id} {_READING}"

    @_command("batch.record")
    def record(self, job: str, record: str) -> str:
        """Show a record of a job with its four documents. The record: its recordId, number or custom id."""
        job_id, services = self._job_id(job), self._ready()

        async def read() -> None:
            documents = await services.records.documents(job_id, record)
            known = await StoredJobs(services.store).progress([job_id])
            made = record_flow(documents, provider=known[0].provider if known else "")
            _show(made, "")

        self._in_background("batch.record", read())
        return f"record {record} of job {job_id} {_READING}"

    @_command("batch.errors")
    def errors(self, job: str) -> Sequence[str]:
        """Show the failed records of a job, grouped: how many, why, and an example."""
        job_id, services = self._job_id(job), self._ready()

        async def read() -> None:
            known = await StoredJobs(services.store).progress([job_id])
            if not known:
                logger.warning("batch.errors: there is no job %s", job_id)
                return
            groups = await services.records.errors(job_id)
            self._errors.clear()  # of one job at a time
            self._errors[job_id] = [
                f"{group.count} times {group.code}: {group.message} (record {group.number}, "
                f"{group.record_id})"
                for group in groups
            ]
            _show(errors_flow(known[0], [group._asdict() for group in groups], utc_now()), "")

        self._in_background("batch.errors", read())
        return self._errors.get(job_id) or [f"job {job_id}: the failed records in groups: {_READING}"]

    @_command("batch.stop")
    def stop(self, job: str) -> str:
        """Stop a job; what is finished by then is written out."""
        job_id, services = self._job_id(job), self._ready()

        async def stop() -> None:
            await services.operations.stop(job_id)
            logger.info("batch.stop: job %s is stopping", job_id)

        self._in_background("batch.stop", stop())
        return f"job {job_id} is asked to stop; the event log says whether it does"

    @_command("batch.translate")
    def translate(self, flow: flow.Flow, provider: Choice("batch.providers"), model: str = "") -> str:  # type: ignore[valid-type]
        """Show what a job would become for a provider: of a Create, or of an upload of records.

        The job's modelId is that of the Create that names the upload; for another upload, give it.
        """
        if not isinstance(flow, http.HTTPFlow):
            raise CommandError("a Create or an upload of records is needed")
        services, view = self._ready(), flow_list()
        inputs = Inputs(
            config=services.config,
            s3=services.s3,
            region=region_of(flow.request, flow.request.host, DEFAULT_REGION),
            flows=[
                known for known in (view.resolve("@all") if view else ()) if isinstance(known, http.HTTPFlow)
            ],
        )

        async def translate() -> None:
            _show(await translated(flow, provider, model, inputs), "")

        self._in_background("batch.translate", translate())
        return f"the first records for {provider}: {_READING}"

    async def _list(self) -> None:
        services = self._services()
        if services is not None:
            self._jobs = await StoredJobs(services.store).newest(MOST_LISTED)
            self._read = datetime.now(UTC)

    def _ready(self) -> Services:
        services = self._services()
        if services is None:
            raise CommandError("the proxy is starting or ending")
        return services

    def _job_id(self, given: str) -> str:
        """The id of a job that is given by id, ARN or one of its flows."""
        view = flow_list()
        if given.startswith("@") and view is not None:
            jobs = {found.metadata.get(labels.JOB) for found in view.resolve(given)} - {None}
            if len(jobs) != 1:
                raise CommandError(
                    f"{given} is no flow of one job: give the job's id, as batch.jobs lists it"
                )
            return str(jobs.pop())
        return given.strip()[-12:]

    def _in_background(self, name: str, work: Awaitable[None]) -> None:
        async def run() -> None:
            try:
                await work
            except (AwsError, NotTranslatable, NoSuchRecord, UnknownOutcome) as error:
                logger.warning("%s: %s", name, error)
            except Exception as error:
                if is_database_away(error):
                    logger.warning("%s: the job database does not answer", name)
                else:
                    logger.exception("%s failed", name)

        asyncio_utils.create_task(run(), name=name, keep_ref=True)


def _show(made: http.HTTPFlow | None, otherwise: str) -> None:
    """Show a flow; where flows are not listed, say its content in the log."""
    if made is None:
        logger.warning("%s", otherwise)
    elif not show(made):
        messages = made.websocket.messages if made.websocket is not None else []
        lines = [message.content.decode(errors="replace") for message in messages]
        logger.info("%s", json.dumps([made.comment, *lines], ensure_ascii=False))
