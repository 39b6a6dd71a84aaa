"""Cohere: records as chats and embeddings of its second API, jobs as batches over datasets.

One file per wire concept: `request` (a record's line), `messages`, `parameters` (its parts), `rows` (result
rows), `response` (the answer in one), `embeddings` (both for vectors), `batches` (datasets and batches),
`avro` (the form of result files), `errors`, `models`.

Cohere publishes the calls (docs.cohere.com, reference/create-batch; cohere 7.3), not the lines. What lines
may say is known from those who send them: crmne/ruby_llm, whose tests run against the live API, gives the
members that the datasets take, and how they differ from the API's. So stop sequences, a choice of tools and a
schema for the answer, which the API has, are refused here.
"""

from translators.providers.cohere import batches, embeddings
from translators.providers.cohere.models import derived_model, headers
from translators.providers.cohere.request import line
from translators.providers.cohere.response import answer
from translators.providers.cohere.rows import receipt

__all__ = [
    "MOST_BYTES",
    "MOST_REQUESTS",
    "answer",
    "batches",
    "derived_model",
    "embeddings",
    "headers",
    "line",
    "receipt",
]

MOST_REQUESTS = 10_000
MOST_BYTES = 100_000_000
"""Of one batch. No page names a limit; a result file is read in one piece, so batches are kept small."""
