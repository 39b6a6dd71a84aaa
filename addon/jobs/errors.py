"""Reasons for which a step of a job ends without its result."""


class JobFailed(Exception):
    """The job cannot go on; the text is what Get shows as `message`."""


class Interrupted(Exception):
    """The job was stopped, or its time is over."""


class NotConfigured(Exception):
    """The provider's section or key is missing; a restart with it goes on."""
