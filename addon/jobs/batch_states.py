"""States of a batch row beside those that a provider reports."""

DIRECT = "direct"
"""In the place of a batch's id: the records are asked for one by one."""

OF_OTHERS = "of others"
"""State of a batch that was taken for ours and is not."""

NO_ROOM = "no room"
"""State of a batch that was refused because too much is queued at the provider."""

WITHOUT_RESULTS = frozenset({"running", "failed", OF_OTHERS, NO_ROOM})
