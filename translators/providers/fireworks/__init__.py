"""Fireworks AI: records as chat completions, jobs as batch inference jobs over datasets (Fireworks:
guides/batch-inference, api-reference).

`chat` (a record's line), `rows` (result rows), `batches` (datasets and jobs). The chats are OpenAI's; the
lines name no model, since the job does, and rows hold an answer without a status.
"""
