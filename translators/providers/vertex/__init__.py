"""Vertex AI: records as Gemini's and Claude's requests, jobs as batch prediction jobs over Cloud Storage.

One file per wire concept: `lines` (a record's line, for models of either), `rows` (result rows), `statuses`
(why a row holds no answer), `batches` and `jobs` (the batch API), `models` (names of models, and of the place
where they run). The content of requests and answers is translated by `gemini` and `anthropic`.
"""
