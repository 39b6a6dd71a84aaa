"""Vertex AI: records as Gemini's and Claude's requests, jobs as batch prediction jobs over Cloud Storage.

One file per wire concept: `lines` (a record's line, for models of either), `rows` (result rows), `statuses`
(why a row holds no answer), `batches` and `jobs` (the batch API), `models` (names of models, and of the place
where they run). What is said to a model, and what it answers, is `gemini`'s and `anthropic`'s affair.
"""

from translators.providers.vertex import batches
from translators.providers.vertex.lines import line, native_line
from translators.providers.vertex.models import address, derived_model, headers, is_claude, unusable
from translators.providers.vertex.rows import answer, native_answer, receipt

__all__ = [
    "address",
    "answer",
    "batches",
    "derived_model",
    "headers",
    "is_claude",
    "line",
    "native_answer",
    "native_line",
    "receipt",
    "unusable",
]
