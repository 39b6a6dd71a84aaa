"""Groq: records as chat completions, jobs as batches (Groq: docs/batch, api-reference; groq 1.7).

`chat` (a record's line, and its answer). The batch API is OpenAI's, with a list that is paged by a cursor.
"""
