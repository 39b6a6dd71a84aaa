"""OpenAI: records as chat completions, jobs as batches of the Files and Batch APIs.

One file per wire concept: `request` (a record's line), `messages`, `tools`, `media`, `parameters` (its
parts), `response` (a result row), `batches` (the batch API), `models` (what differs between models).
The same code serves compatible servers that the configuration points `base_url` at.
"""

from translators.providers.openai import batches
from translators.providers.openai.models import derived_model, headers
from translators.providers.openai.request import line
from translators.providers.openai.response import answer, receipt

__all__ = ["answer", "batches", "derived_model", "headers", "line", "receipt"]
