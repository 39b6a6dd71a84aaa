"""How a command says that it cannot do what it was asked: one line on standard error, and an exit code."""


class CommandRefused(Exception):
    """The message is for the person at the command line."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
