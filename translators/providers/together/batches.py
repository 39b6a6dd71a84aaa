"""Together's files and batches (Together: reference upload-file, batch-create; together 3.1:
types/batch_job.py)."""

from typing import IO

from pydantic import RootModel

from translators.providers import uploaded_files
from translators.providers.api_requests import get, post, post_form
from translators.providers.api_responses import Received, read
from translators.providers.batch_calls import BatchApi
from translators.providers.chat_completions.errors import READER
from translators.providers.conversation import Batch, Conversation, Endpoint, Search, Submission
from translators.providers.uploaded_files import File, result_files, state_of


class _Known(Received):
    """Refusal of a file that is there already."""

    file_id: str


class _Job(Received):
    id: str
    status: str
    input_file_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    error: str | None = None

    @property
    def batch(self) -> Batch:
        return Batch(
            id=self.id,
            state=state_of(self.status),
            raw_status=self.status,
            errors=(self.error,) if self.error else (),
            result_files=result_files(self.output_file_id, self.error_file_id),
        )


class _Created(Received):
    job: _Job


class _Jobs(RootModel[tuple[_Job, ...]]):
    pass


_BATCHES = BatchApi(
    path="/batches", reader=READER, batch_in=lambda response: READER.read(response, _Job).batch
)

retrieve = _BATCHES.retrieve
cancel = _BATCHES.cancel  # which status a batch that is over gets is not documented
results = uploaded_files.results
delete = uploaded_files.delete


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Upload the lines as a file; the outcome is its id.

    A file that is there already, of an upload with a lost response, is refused with its id.
    """
    name = str(submission.marker)
    fields = {"purpose": "batch-api", "file_name": f"{name}.jsonl", "file_type": "jsonl"}
    response = yield post_form(endpoint, "/files/upload", name, lines, fields=fields)
    if response.status_code == 409:
        return read(response, _Known).file_id
    return READER.read(response, File).id


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    asked = {
        "input_file_id": submission.input_id,
        "endpoint": submission.group,
        "completion_window": "24h",
    }
    return READER.read((yield post(endpoint, "/batches", asked)), _Created).job.batch


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch of our file that is not of an earlier round."""
    for job in READER.read((yield get(endpoint, "/batches")), _Jobs).root:
        if job.input_file_id == submission.input_id and job.id not in search.claimed:
            return job.batch
    return None
