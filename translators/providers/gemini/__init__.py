"""Gemini Developer API: records as `generateContent` requests, jobs as batches.

One file per wire concept: `request` (a record's line), `contents` and `parts` (what is said), `tools` and
`schemas`, `parameters` and `thinking` (how the answer is made), `response` (a result row), `statuses`
(Google's error codes), `embeddings`, `batches` and `uploads` (the batch API), `models` (what differs between
models).
"""

from translators.providers.gemini import batches, direct, embeddings
from translators.providers.gemini.models import MOST_REQUESTS, derived_model, headers
from translators.providers.gemini.request import line
from translators.providers.gemini.response import answer, receipt

__all__ = [
    "MOST_REQUESTS",
    "answer",
    "batches",
    "derived_model",
    "direct",
    "embeddings",
    "headers",
    "line",
    "receipt",
]
