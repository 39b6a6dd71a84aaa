"""Together AI: records as chat completions, jobs as batches (Together: docs/inference/batch, reference;
together 3.1: types/batch_job.py).

Differences from OpenAI:

    lines          no method and no URL
    messages       several texts of a message are joined: only a user's may have parts
    files          uploaded for `batch-api`, by a call of its own
    batches        the answer to a creation is wrapped in `job`; words in capitals, no counts, no metadata;
                   the list is a bare array, and a batch is ours when it was made of our file
    answers        `eos` where a model ended by itself; reasoning in fields of its own, or in the text between
                   `<think>` and `</think>`
"""
