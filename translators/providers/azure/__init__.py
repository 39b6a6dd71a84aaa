"""Azure OpenAI: records as chat completions of a deployment, jobs as its batches (Azure: how-to/batch).

Differences from OpenAI:

    address        the resource's, as the SDK's `azure_endpoint`; `/openai/v1` follows it
    key            in `api-key`; a token of Microsoft Entra ID as a bearer
    model          the name of a deployment of a batch SKU, which need not contain its model's name
    files          `pending` at first; a batch is refused until they are `processed`
    batches        words in either case, times as numbers or as text, an error file of no bytes
    answers        what the content filter found beside each choice
"""
