"""Which of the provider's endpoints a request is for, told by its body."""

from typing import Any

from addon.demo.fake_provider.answers import FAIL, chat_completion, failure
from addon.demo.fake_provider.responses import response
from addon.demo.fake_provider.vectors import embeddings, texts_of


def answer(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and body with which the demo's provider answers any record."""
    if "messages" in body:
        return chat_completion(body)
    if "embed" not in body["model"]:
        return response(body)
    if any(FAIL in text.lower() for text in texts_of(body)):
        return failure("input")
    return 200, embeddings(body)
