"""A record as a line of a batch's input: the Converse request as a chat completion."""

import msgspec

from translators.bedrock.converse import Request
from translators.providers.rows import Line


def line(custom_id: str, request: Request, model: str) -> Line:
    """The line that asks OpenAI for this record's answer. Raises `Refused`."""
    messages = [
        {"role": message.role, "content": "".join(block.text or "" for block in message.content)}
        for message in request.messages
    ]
    body = {"model": model, "messages": messages}
    return Line(
        msgspec.json.encode(
            {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}
        )
    )
