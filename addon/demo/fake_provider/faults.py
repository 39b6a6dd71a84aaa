"""Faults that a hook injects between a client and the server.

A hook is called at named points with how often that point has been reached, and may sleep, raise one of
these, or do anything else (killing a process, say).
"""

from collections.abc import Callable, Mapping
from typing import Literal

type Point = Literal[
    "upload:before",
    "upload:after",
    "create:before",
    "create:after",
    "retrieve",
    "cancel",
    "list",
    "files",
    "delete",
    "content:output",
    "content:error",
    "ask:before",
    "ask:after",
]
"""`upload:before` comes before the body is read; `after`: the thing is stored and not yet answered."""

type Hook = Callable[[Point, int], None]


class Cut(Exception):
    """The connection is closed without an answer."""


class Half(Exception):
    """The answer breaks off in the middle of its body."""


class Refuse(Exception):
    """The server answers with an error; `message` goes into OpenAI's error object."""

    def __init__(
        self,
        status: int,
        message: str = "The server had an error while processing your request.",
        headers: Mapping[str, str] | None = None,
        *,
        type: str = "server_error",
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.error = {"message": message, "type": type, "param": param, "code": code}
        self.headers = dict(headers or {})


def nothing(point: Point, count: int) -> None:
    """The hook of a server without faults."""
