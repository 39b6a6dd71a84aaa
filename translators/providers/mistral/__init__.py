"""Mistral: records as chat completions and embeddings, jobs as batch jobs over uploaded files.

One file per wire concept: `request` (a record's line), `messages`, `chunks`, `tools`, `parameters`,
`reasoning` (its parts), `rows` (result rows), `response` (the answer in one), `embeddings` (both for
vectors), `batches` (the batch API), `direct` (records asked one by one), `errors` and `refusals`, `models`
(what differs between models).

Chats look like OpenAI's and are none: other members (`random_seed`), other ids, an order of turns that is
checked, content in chunks, and 422 for what is not known. So no body goes through as it is.
"""
