"""OpenAI: records as chat completions or responses, jobs as batches of the Files and Batch APIs.

`models` (what its models accept), `embeddings`, `responses` and `responses_output` (the Responses API) with
`reasoning`. Also serves compatible servers that the configuration points `base_url` at. What all of them have
in common is in `chat_completions` and `uploaded_files`.
"""
