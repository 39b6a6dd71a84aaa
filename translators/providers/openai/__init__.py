"""OpenAI: records as chat completions, jobs as batches of the Files and Batch APIs.

One file per wire concept: `request` (a record's line), `messages`, `tools`, `parts`, `parameters` (its
parts), `rows` (result rows), `response` (the answer in one), `native` (both for bodies that are chat
completions already), `models` (what differs between models).
The same code serves compatible servers that the configuration points `base_url` at.
"""
