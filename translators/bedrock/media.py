"""Media blocks of the hub: images, documents, videos, audio. Import their names from `converse`."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

type ImageFormat = Literal["png", "jpeg", "gif", "webp"]
type DocumentFormat = Literal["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"]
type VideoFormat = Literal["mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"]
type AudioFormat = Literal[
    "mp3",
    "opus",
    "wav",
    "aac",
    "flac",
    "mp4",
    "ogg",
    "mkv",
    "mka",
    "x-aac",
    "m4a",
    "mpeg",
    "mpga",
    "pcm",
    "webm",
]


class Shape(Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A structure of the service model: unknown members are refused, unset ones are not written.

    `gc=False`: trees have no cycles, and untracked ones save a tenth of the time of a record.
    """


class S3Location(Shape):
    uri: str
    bucket_owner: str | None = None


class Source(Shape):
    """The content of an image, document, audio or video; exactly one member is set."""

    bytes: str | None = None
    s3_location: S3Location | None = None
    text: str | None = None
    """Documents only."""
    content: list["TextBlock"] | None = None
    """Documents only."""


class TextBlock(Shape):
    text: str


class MediaError(Shape):
    message: str | None = None


class ImageBlock(Shape):
    format: ImageFormat
    source: Source
    error: MediaError | None = None


class Citations(Shape):
    enabled: bool


class DocumentBlock(Shape):
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    source: Source
    format: DocumentFormat | None = None
    context: str | None = None
    citations: Citations | None = None


class VideoBlock(Shape):
    format: VideoFormat
    source: Source


class AudioBlock(Shape):
    format: AudioFormat
    source: Source
    error: MediaError | None = None
