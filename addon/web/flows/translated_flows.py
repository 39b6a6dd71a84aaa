"""What the job of a Create, or of an upload of records, would become for another provider."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast
from urllib.parse import unquote

import orjson
from anyio import to_thread
from mitmproxy.http import HTTPFlow

from addon.settings.config import Config
from addon.storage.s3 import S3, Access, Location, S3Refused, S3Unavailable
from addon.web.flows import labels
from addon.web.flows.translation_preview import MOST_BYTES, preview, preview_flow
from translators.translation import InvocationType

_CREATE = "CreateModelInvocationJob"
_CREATE_PATH = re.compile(r"(/bedrock)?/model-invocation-job")


class NotTranslatable(Exception):
    """The flow is neither a Create nor an upload of records; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Where first records come from."""

    config: Config
    s3: S3
    region: str
    """Of the caller."""
    flows: Sequence[HTTPFlow]
    """All that are listed: the upload may be among them, or its Create."""


async def translated(flow: HTTPFlow, provider: str, model: str, inputs: Inputs) -> HTTPFlow:
    """A flow with the first records and the lines that the provider would get.

    Raises `NotTranslatable`, and `AwsError` for a model that the provider does not have.
    """
    if is_create(flow):
        create = _document(flow)
        source = _input_uri(create)
        data = await _first_records(source, create, inputs)
    else:
        data = flow.request.get_content(strict=False) or b""
        source = flow.request.pretty_url.partition("?")[0]
        creates = (_document(known) for known in inputs.flows if is_create(known))
        create = next((known for known in creates if model == "" and _names(known, flow)), {})
    model_id = model or str(create.get("modelId", ""))
    if not model_id:
        raise NotTranslatable("no Create names this upload: give the job's modelId as third argument")
    if not data:
        raise NotTranslatable(f"{source}: there are no records, or they passed through as they came")
    kind = cast(InvocationType, create.get("modelInvocationType") or "InvokeModel")
    target, today = inputs.config.target(provider), datetime.now(UTC).date()
    done = await to_thread.run_sync(preview, data, target, model_id, kind, today)
    return preview_flow(done, provider, source)


def is_create(flow: HTTPFlow) -> bool:
    """Whether the flow is a Create, routed or not."""
    if flow.metadata.get(labels.OPERATION) == _CREATE:
        return True
    path = flow.request.path.partition("?")[0]
    return flow.request.method == "POST" and _CREATE_PATH.fullmatch(path) is not None


def _document(flow: HTTPFlow) -> dict[str, object]:
    try:
        document = orjson.loads(flow.request.get_content(strict=False) or b"")
    except orjson.JSONDecodeError as error:
        raise NotTranslatable("the Create has no JSON body") from error
    return document if isinstance(document, dict) else {}


def _input_uri(create: dict[str, object]) -> str:
    place: object = create
    for name in ("inputDataConfig", "s3InputDataConfig", "s3Uri"):
        place = place.get(name) if isinstance(place, dict) else None
    if not isinstance(place, str):
        raise NotTranslatable("the Create names no input in S3")
    return place


def _names(create: dict[str, object], upload: HTTPFlow) -> bool:
    """Whether the Create's input is this upload, or a folder that it is in."""
    try:
        location = Location.parse(_input_uri(create))
    except (NotTranslatable, ValueError):
        return False
    path = unquote(upload.request.path.partition("?")[0]).lstrip("/")
    in_path = path.removeprefix(f"{location.bucket}/")
    return (in_path != path or upload.request.pretty_host.startswith(f"{location.bucket}.")) and (
        in_path.startswith(location.key)
    )


async def _first_records(uri: str, create: dict[str, object], inputs: Inputs) -> bytes:
    """The beginning of a Create's input: of the upload, if it is among the flows, else from S3."""
    for known in inputs.flows:
        if known.request.method == "PUT" and known.request.raw_content and _names(create, known):
            return known.request.raw_content
    role = create.get("roleArn")
    access = Access(region=inputs.region, role_arn=role if isinstance(role, str) else None)
    if not inputs.config.s3.allows(uri):
        raise NotTranslatable(f"{uri} is outside the places that [s3] allowed names")
    try:
        return await inputs.s3.beginning(Location.parse(uri), access, MOST_BYTES)
    except (S3Refused, S3Unavailable, ValueError) as error:
        raise NotTranslatable(str(error)) from error
