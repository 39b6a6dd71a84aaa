"""Stop, Retry failed, Export."""

import shutil
import tempfile
import zipfile
from http import HTTPStatus
from pathlib import Path
from typing import override

from anyio import to_thread

from addon.web.dashboard.handler import Handler, Problem
from addon.web.dashboard.sources import ActionRefused

_BLOCK = 256 * 1024


class StopJob(Handler):
    @override
    async def post(self, job_id: str) -> None:
        await self.row(job_id)
        try:
            await self.reading(self.board.sources.actions.stop(job_id))
        except ActionRefused as error:
            raise Problem(HTTPStatus.CONFLICT, str(error)) from error
        self.redirect(f"{self.board.path}jobs/{job_id}", status=HTTPStatus.SEE_OTHER)


class RetryJob(Handler):
    @override
    async def post(self, job_id: str) -> None:
        await self.row(job_id)
        try:
            retry = await self.reading(self.board.sources.actions.retry(job_id))
        except ActionRefused as error:
            raise Problem(HTTPStatus.CONFLICT, str(error)) from error
        self.redirect(f"{self.board.path}jobs/{retry}", status=HTTPStatus.SEE_OTHER)


class ExportJob(Handler):
    """Everything about a job as a zip file, for whoever is asked for help."""

    @override
    async def get(self, job_id: str) -> None:
        await self.row(job_id)
        folder = Path(await to_thread.run_sync(lambda: tempfile.mkdtemp(prefix="bedrock-batch-export-")))
        try:
            try:
                await self.reading(self.board.sources.actions.export(job_id, folder / "export"))
            except ActionRefused as error:
                raise Problem(HTTPStatus.CONFLICT, str(error)) from error
            archive = folder / "export.zip"
            await to_thread.run_sync(_zip, folder / "export", archive, job_id)
            self.set_header("Content-Type", "application/zip")
            self.set_header("Content-Disposition", f'attachment; filename="job-{job_id}.zip"')
            with await to_thread.run_sync(archive.open, "rb") as file:
                while block := await to_thread.run_sync(file.read, _BLOCK):
                    self.write(block)
                    await self.flush()
        finally:
            await to_thread.run_sync(shutil.rmtree, folder)


def _zip(folder: Path, archive: Path, job_id: str) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.write(path, Path(f"job-{job_id}") / path.relative_to(folder))
