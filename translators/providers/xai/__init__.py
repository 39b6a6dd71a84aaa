"""xAI: records as chat completions, jobs as batches (xAI: docs/guides/batch-api, docs/guides/reasoning).

`chat` (lines, and what Grok accepts), `rows` (result rows), `batches` (the batch API). The chats are
OpenAI's; batches are made empty and filled by a second call, have counters instead of a status, and give
their results in pages.
"""
