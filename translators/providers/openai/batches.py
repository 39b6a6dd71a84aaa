"""OpenAI's Files and Batch APIs, as conversations."""

from typing import IO

from translators.providers.conversation import Batch, Conversation, Endpoint, Marker


def upload(endpoint: Endpoint, marker: Marker, lines: IO[bytes]) -> Conversation[str]:
    raise NotImplementedError


def create(endpoint: Endpoint, marker: Marker, input_id: str) -> Conversation[Batch]:
    raise NotImplementedError


def find(endpoint: Endpoint, marker: Marker, input_id: str, since: float) -> Conversation[Batch | None]:
    raise NotImplementedError


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    raise NotImplementedError


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    raise NotImplementedError


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    raise NotImplementedError
