"""The providers, the settings, and what happens at the addresses beside pages."""

from http import HTTPStatus
from typing import override

from anyio import to_thread
from tornado.iostream import StreamClosedError

from addon.jobs.database import job_list
from addon.settings.config_file import file_in_use
from addon.web.dashboard.changes import JOBS, MOST, Listener
from addon.web.dashboard.handler import Handler, Problem
from addon.web.dashboard.provider_list import provider_rows
from addon.web.dashboard.settings_list import environment_settings, settings_of

ALIVE = 15.0
"""Seconds between two signs of life on a stream, by which a browser that is gone is noticed."""


class ProvidersPage(Handler):
    @override
    async def get(self) -> None:
        sources, views = self.board.sources, self.board.sources.store.views
        now = self.board.clock()
        busy = await self.reading(views.read(lambda connection: job_list.in_flight(connection, now)))
        used = await self.reading(views.read(job_list.used_providers))
        rows = await to_thread.run_sync(provider_rows, sources.config, busy, used)
        await self.show("providers.html", providers=rows, now=now, topic=JOBS)


class SettingsPage(Handler):
    @override
    async def get(self) -> None:
        sources = self.board.sources
        file = await to_thread.run_sync(file_in_use, sources.config_file)
        rows = {
            "Options": sources.options(),
            "Configuration file": await to_thread.run_sync(settings_of, sources.config, file),
            "Environment": environment_settings(),
        }
        await self.show("settings.html", settings=rows, file=file, topic=None)


class Stream(Handler):
    """Server-sent events: one whenever a job, or the list of jobs, has changed."""

    _listener: Listener | None = None

    @override
    async def get(self, topic: str | None = None) -> None:
        if self.board.changes.listeners >= MOST:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "Too many pages are open.")
        self.set_header("Content-Type", "text/event-stream; charset=utf-8")
        with self.board.changes.listener(topic or JOBS) as self._listener:
            try:
                while not self._listener.is_over:
                    has_changed = await self._listener.wait(ALIVE)
                    self.write("data: changed\n\n" if has_changed else ": alive\n\n")
                    await self.flush()
            except StreamClosedError:
                pass  # the browser is gone, which is no error

    @override
    def on_connection_close(self) -> None:
        # else a page that is gone would cost looks at the database until the next sign of life
        if self._listener is not None:
            self._listener.end()
