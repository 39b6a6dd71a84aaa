"""Media of chat messages: images, files and audio, in data URIs or plain base64."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from translators.bedrock import converse
from translators.bedrock.base64_text import base64_at
from translators.bedrock.families.chat import wire
from translators.errors import Refused

_DATA_URI = re.compile(
    r"\s*data:(?P<type>[\w.+-]+/[\w.+-]+)(?:;[\w.+-]+=[^;,]*)*;base64,(?P<data>.*)",
    re.DOTALL | re.IGNORECASE,
)
_UNFIT_FOR_NAME = re.compile(r"[^A-Za-z0-9()\[\]-]+")
_LONGEST_NAME = 200

_IMAGES: Mapping[str, converse.ImageFormat] = MappingProxyType(
    {
        "image/png": "png",
        "image/jpeg": "jpeg",
        "image/jpg": "jpeg",
        "image/gif": "gif",
        "image/webp": "webp",
    }
)
_DOCUMENTS: Mapping[str, converse.DocumentFormat] = MappingProxyType(
    {
        "application/pdf": "pdf",
        "text/csv": "csv",
        "text/html": "html",
        "text/plain": "txt",
        "text/markdown": "md",
        "application/msword": "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
        "application/vnd.ms-excel": "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    }
)
_EXTENSIONS: Mapping[str, converse.DocumentFormat] = MappingProxyType(
    {
        "pdf": "pdf",
        "csv": "csv",
        "html": "html",
        "htm": "html",
        "txt": "txt",
        "md": "md",
        "doc": "doc",
        "docx": "docx",
        "xls": "xls",
        "xlsx": "xlsx",
    }
)


def image(url: str, path: str) -> converse.ImageBlock:
    """The image in a data URI. Raises `Refused` for other URLs: a record's URLs are never fetched."""
    found = _DATA_URI.fullmatch(url)
    if found is None:
        raise Refused(path, "an image by its address cannot be sent; a data: URI with base64 can")
    form = _IMAGES.get(found["type"].lower())
    if form is None:
        raise Refused(path, f"{found['type']!r} is not one of {', '.join(_IMAGES)}")
    return converse.ImageBlock(form, converse.Source(bytes=base64_at(found["data"], path)))


def document(file: wire.FileData, path: str) -> converse.DocumentBlock:
    """The file as a document. Raises `Refused` for a file at a provider and for an unknown format."""
    if file.file_data is None or file.file_id is not None:
        raise Refused(f"{path}.file_id", "a file that lies at a provider cannot be sent; file_data can")
    name = file.filename or ""
    found = _DATA_URI.fullmatch(file.file_data)
    if found is None:
        form, data = _EXTENSIONS.get(name.rpartition(".")[2].lower()), file.file_data
    else:
        form, data = _DOCUMENTS.get(found["type"].lower()), found["data"]
    if form is None:
        raise Refused(f"{path}.file_data", f"is of no known kind; known: {', '.join(_DOCUMENTS)}")
    source = converse.Source(bytes=base64_at(data, f"{path}.file_data"))
    return converse.DocumentBlock(_document_name(name), source, form)


def _document_name(filename: str) -> str:
    """The name without extension and characters that Converse refuses (AWS: API_runtime_DocumentBlock)."""
    stem, dot, extension = filename.rpartition(".")
    name = stem if dot and extension.lower() in _EXTENSIONS else filename
    return _UNFIT_FOR_NAME.sub(" ", name).strip()[:_LONGEST_NAME].rstrip() or "document"
