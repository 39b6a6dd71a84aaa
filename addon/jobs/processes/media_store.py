"""Where the media in S3 of a job's records come from, and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from addon.settings.config import S3Section
    from addon.storage.s3 import Access

KEPT = 1 << 30
"""Bytes of the media of one job on disk. The oldest go first, and are fetched again where they are needed."""


@dataclass(frozen=True, kw_only=True)
class MediaStore:
    """Where a job's media come from, and where they are kept."""

    section: S3Section
    own: frozenset[tuple[str, int]]
    """Addresses that are never used as a proxy."""
    access: Access
    folder: Path
    most_bytes: int
    """Of all media of a record; the provider's limit."""
    kept: int = KEPT
