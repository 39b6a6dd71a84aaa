"""Cohere: records as chats and embeddings of its second API, jobs as batches over datasets.

One file per wire concept: `request` (a record's line), `messages`, `parameters` (its parts), `rows` (result
rows), `response` (the answer in one), `embeddings` (both for vectors), `batches` (datasets and batches),
`avro` (the form of result files), `errors`, `models`.

Cohere publishes the calls (docs.cohere.com, reference/create-batch; cohere 7.3), not the lines. What lines
may contain is known from a program that sends them: crmne/ruby_llm, tested against the live API, shows the
members that the datasets take, and how they differ from the API's. So stop sequences, a choice of tools and a
schema for the answer, which the API has, are refused here.
"""
