"""The error with which a command ends: one line on standard error, and an exit code."""


class CommandError(Exception):
    """The message is for the person at the command line."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
