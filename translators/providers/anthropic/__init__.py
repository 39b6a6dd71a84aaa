"""Anthropic: records as messages, jobs as Message Batches.

One file per wire concept: `request` (a record's line), `messages`, `parts`, `tools`, `parameters`, `betas`
(its parts), `wire` (the shapes sent), `results` (a result row), `response` (its message), `citations` (both
ways), `native` (bodies that are Claude's already), `batches` and `limits` (the batch API), `errors` and
`statuses`, `models` (what differs between models).
"""

from translators.providers.anthropic import batches, direct, native
from translators.providers.anthropic.limits import ENVELOPE, MOST_BYTES
from translators.providers.anthropic.models import derived_model, headers, unusable
from translators.providers.anthropic.request import line
from translators.providers.anthropic.response import answer
from translators.providers.anthropic.results import receipt

__all__ = [
    "ENVELOPE",
    "MOST_BYTES",
    "answer",
    "batches",
    "derived_model",
    "direct",
    "headers",
    "line",
    "native",
    "receipt",
    "unusable",
]
