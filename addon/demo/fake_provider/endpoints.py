"""Responses to requests of any endpoint, which the body identifies."""

from typing import Any

from addon.demo.fake_provider.chat_completions import FAIL, chat_completion, failure
from addon.demo.fake_provider.embeddings import embeddings, texts_of
from addon.demo.fake_provider.responses import response


def answer(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and body of the response to any record."""
    if "messages" in body:
        return chat_completion(body)
    if "embed" not in body["model"]:
        return response(body)
    if any(FAIL in text.lower() for text in texts_of(body)):
        return failure("input")
    return 200, embeddings(body)
