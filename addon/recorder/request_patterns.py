"""Patterns of the first requests of conversations with batch APIs, and of the arguments in their requests."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from urllib.parse import unquote

from addon.recorder.captures import Exchange, as_json
from translators.providers.batch_calls import CLOCKS_DIFFER_BY
from translators.providers.conversation import Marker, Submission

type Name = Literal["upload", "create", "find", "retrieve", "cancel", "results"]

_JOBS = "(?:batches|jobs|batchInferenceJobs|batchPredictionJobs)"
_ID = "[^/?:]+"

FIRST_REQUESTS: Sequence[tuple[Name, re.Pattern[str]]] = (
    ("find", re.compile(rf"GET .*/(?:batches|batchInferenceJobs)/(?P<batch_id>{_ID})")),  # xAI, Fireworks
    ("find", re.compile(rf"GET .*/{_JOBS}(?:\?.*)?")),
    ("retrieve", re.compile(rf"GET .*/{_JOBS}/(?P<batch_id>{_ID})")),
    ("cancel", re.compile(rf"POST .*/(?P<batch_id>{_ID})[/:]cancel")),
    ("cancel", re.compile(rf"GET .*/batchInferenceJobs/(?P<batch_id>{_ID})")),  # Fireworks: GET, DELETE, GET
    ("upload", re.compile(r"POST .*/(?:files(?:/upload)?|datasets(?:\?.*)?)|PUT .*/input\.jsonl")),
    ("upload", re.compile(r"POST .*/batches")),  # xAI makes an empty batch
    ("create", re.compile(rf"POST .*/{_JOBS}(?:\?.*)?")),
    ("create", re.compile(rf"POST .*/models/{_ID}:\w+")),  # Gemini
    ("create", re.compile(rf"POST .*/batches/(?P<input_id>{_ID})/requests")),  # xAI
    ("create", re.compile(rf"GET .*/datasets/(?P<input_id>{_ID})")),  # Cohere asks whether it is ready
)
"""`METHOD URL` of the first request of a conversation, all providers' together. `results` is not among them:
it requests what its batch names."""

_MARKER = re.compile(r"(?<!\w)([a-z0-9]{12})-(\d{1,6})-(\d{1,3})(?![\w-])")
_CUSTOM_ID = re.compile(r'"([a-z0-9]{12})-\d+"')
_MODEL = re.compile(r'"model"\s*:\s*"([^"\\]+)"|/models/([^/:?]+)')
_GROUP = re.compile(r'"(?:url|endpoint)"\s*:\s*"(/[^"\\]+)"|/models/[^/:?]+:(\w+)|[?&]type=([\w-]+)')
_INPUT_ID = re.compile(
    r'"(?:input_file_id|input_files|input_dataset_id|file_?[nN]ame|uris)"\s*:\s*\[?\s*"([^"]+)"'
    r'|"inputDatasetId"\s*:\s*"[^"]*/([^"/]+)"'
)
_COUNT = re.compile(r'"exampleCount"\s*:\s*"(\d+)"')  # Fireworks
_CREATED_AFTER = re.compile(r"[?&]created_after=([^&]+)")  # Mistral
_FILE_IN_FORM = re.compile(r'filename="[^"]*"\r?\n(?:[^\r\n]+\r?\n)*\r?\n(.*?)\r?\n--', re.DOTALL)
_FILE_ALONE = re.compile(r"PUT .*|POST .*[?&]upload_id=.*")


def submission_in(
    near: Sequence[Exchange], name: Name, input_id: str, uploads: Mapping[str, Submission]
) -> tuple[Submission, str] | None:
    """The submission and lines of an upload or a creation that begins with the first exchange.

    What that does not hold is taken from the upload of its input, else from the following exchanges.
    """
    if name == "create":
        lines = _list_in(as_json(near[0].body))
        input_id = input_id or _first(_INPUT_ID, near[0].body)
    else:
        lines = _file_in(near)
    upload = uploads.get(input_id)
    own, *following = (f"{unquote(exchange.url)}\n{exchange.body}" for exchange in near)
    text = "\n".join(following)
    marker = marker_in(own) or (upload and upload.marker) or marker_in(text)
    if marker is None:
        return None
    betas = dict(near[0].headers).get("anthropic-beta")
    submission = Submission(
        marker=marker,
        model=_first(_MODEL, own) or (upload and upload.model) or _first(_MODEL, text),
        group=betas or _first(_GROUP, own) or (upload and upload.group) or _first(_GROUP, text),
        lines=lines.count("\n") or (upload and upload.lines) or int(_first(_COUNT, own) or 0),
        input_id=input_id,
    )
    return submission, lines


def marker_in(text: str) -> Marker | None:
    """The first marker, else that of the first custom id."""
    if found := _MARKER.search(text):
        return Marker(job=found[1], shard=int(found[2]), round=int(found[3]))
    job = _first(_CUSTOM_ID, text)
    return Marker(job=job, shard=0, round=0) if job else None


def since_in(url: str) -> float | None:
    """The time from which a search looks, in Unix seconds."""
    after = _first(_CREATED_AFTER, url)
    return datetime.fromisoformat(unquote(after)).timestamp() + CLOCKS_DIFFER_BY if after else None


def _first(pattern: re.Pattern[str], text: str) -> str:
    """The first text that a group of the pattern matches, else an empty text."""
    found = pattern.search(text)
    return "" if found is None else next(filter(None, found.groups()))


def _file_in(near: Sequence[Exchange]) -> str:
    """The lines that are uploaded: a file in a form, or a whole body."""
    for exchange in near:
        if found := _FILE_IN_FORM.search(exchange.body):
            return found[1].rstrip("\n") + "\n"
        if _FILE_ALONE.fullmatch(f"{exchange.method} {exchange.url}"):
            return exchange.body
    return ""


def _list_in(value: object) -> str:
    """The lines in a document: its first list of objects."""
    match value:
        case [{}, *_]:
            lines = (json.dumps(_line(item), ensure_ascii=False, separators=(",", ":")) for item in value)
            return "".join(f"{line}\n" for line in lines)
        case {}:
            return next(filter(None, map(_list_in, value.values())), "")
        case _:
            return ""


def _line(item: object) -> object:
    match item:
        case {"request": request, "metadata": {"key": key}}:  # Gemini: docs/batch-api, inline
            return {"key": key, "request": request}
        case _:
            return item
