"""Anthropic: records as messages, jobs as Message Batches.

One file per wire concept: `request` (a record's line), `messages`, `parts`, `tools`, `parameters`, `betas`
(its parts), `wire` (the shapes sent), `results` (a result row), `response` (its message), `citations` (both
ways), `native` (bodies that are Claude's already), `batches` and `limits` (the batch API), `errors` and
`statuses`, `models` (what differs between models).
"""
