"""Size limit of a batch (Anthropic: batch-processing, limits)."""

MOST_BYTES = 256_000_000
"""Of a create call's body."""

BEGINNING, END = b'{"requests":[', b"]}"
"""The JSON around the requests in it."""

ENVELOPE = len(BEGINNING) + len(END)
"""In bytes."""
