"""Gemini Developer API: records as `generateContent` requests, jobs as batches.

One file per wire concept: `request` (a record's line), `contents` and `parts` (messages), `tools` and
`schemas`, `parameters` and `thinking` (how the answer is made), `response` (a result row), `statuses`
(Google's error codes), `embeddings`, `batches` and `uploads` (the batch API), `models` (what differs between
models).
"""
