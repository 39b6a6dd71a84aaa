"""Thought signatures: what Gemini wants back with its calls (Gemini: docs/thought-signatures).

A signature lies on the part that follows the thoughts; in Converse on the reasoning before it. There it bears
a mark, so that it can be distinguished from the signatures of others: Claude's mean nothing to Gemini,
which refuses them.
"""

from base64 import b64encode

_MARK = "gemini:"

STAND_IN = b64encode(b"skip_thought_signature_validator").decode()
"""For a call that no Gemini model made. The field holds bytes, hence base64."""


def marked(thought_signature: str) -> str:
    """A thought signature as the signature of a reasoning block."""
    return f"{_MARK}{thought_signature}"


def unmarked(signature: str | None) -> str | None:
    """The thought signature that a reasoning block brings back; None for anything else."""
    if signature is None or not signature.startswith(_MARK):
        return None
    return signature.removeprefix(_MARK)
