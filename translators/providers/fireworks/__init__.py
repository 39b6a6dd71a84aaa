"""Fireworks AI: records as chat completions, jobs as batch inference jobs over datasets (Fireworks:
guides/batch-inference, api-reference).

`chat` (a record's line), `rows` (result rows), `batches` (datasets and jobs). The chats are OpenAI's; the
lines name no model, since the job does, and rows hold an answer without a status.
"""

from translators.providers.fireworks import batches, direct
from translators.providers.fireworks.chat import line, native_line
from translators.providers.fireworks.rows import answer, native_answer, receipt

__all__ = ["answer", "batches", "direct", "line", "native_answer", "native_line", "receipt"]
