"""Counts of notes, as a job's report has them: `{"dropped inferenceConfig.topK": {"count", "example"}}`."""

from collections.abc import Iterable, Mapping

from translators.bedrock.converse import Note

type NoteCounts = dict[str, dict[str, object]]
"""By the text of the note: how many records have it, and the id of one."""


def count_note(counts: NoteCounts, note: Note, record_id: str) -> None:
    """Count a record's note."""
    entry = counts.setdefault(note.text, {"count": 0, "example": record_id})
    entry["count"] = int(str(entry["count"])) + 1


def merged(several: Iterable[Mapping[str, Mapping[str, object]]]) -> NoteCounts:
    """The counts of several ranges together, with the first example of each note."""
    total: NoteCounts = {}
    for counts in several:
        for text, entry in counts.items():
            seen = total.setdefault(text, {"count": 0, "example": entry["example"]})
            seen["count"] = int(str(seen["count"])) + int(str(entry["count"]))
    return total
