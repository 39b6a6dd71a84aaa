"""Reasons for which a step of a job ends without its result."""


class JobFailed(Exception):
    """The job cannot go on; the text is what Get shows as `message`."""


class Interrupted(Exception):
    """The job was stopped, or its time is over."""


class NotConfigured(Exception):
    """The provider's section or key is missing; a restart with it goes on."""


class NotYet(Exception):
    """A step is tried again later, for as long as the job lives; the text is what the job waits for."""

    def __init__(self, doing: str, reason: Exception | str) -> None:
        super().__init__(f"{doing}: {reason}")
        self.retry_after: float | None = getattr(reason, "retry_after", None)
        """Seconds that the provider asked for."""
