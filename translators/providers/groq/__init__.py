"""Groq: records as chat completions, jobs as batches (Groq: docs/batch, api-reference; groq 1.7).

`chat` (what the chats differ in). The batch API is OpenAI's, with a list that is paged by a cursor.
"""
