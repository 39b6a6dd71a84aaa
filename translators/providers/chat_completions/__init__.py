"""Chat completions: what OpenAI's API and all servers compatible with it have in common.

`server` (records to lines, result rows to answers, for a server with its traits), made of

    request        a record's body: `messages`, `parts`, `tools`, `parameters`
    native         bodies that are chat completions already
    lines, rows    the batch's input and output around them
    response       the answer: `tool_calls`
    traits         what models and servers differ in

and `embeddings`, `direct` (records one by one), `errors`. A provider's own folder holds its differences.
Mistral and Cohere have similar chats, with requests and responses of their own, and use what fits.
"""
