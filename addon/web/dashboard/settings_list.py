"""The settings in force with what set them. Secrets appear only as the names of their variables."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from addon.settings.config import Config
from addon.web.dashboard.sources import Setting

_PASSWORD = re.compile(r"://[^/@\s]+@")

DEFAULT = "default"


def settings_of(config: Config, file: Path | None) -> list[Setting]:
    """The settings of the configuration file, the defaults of the others included."""
    origin = str(file) if file is not None else "configuration"
    rows: list[Setting] = []
    for name in ("s3", "jobs", "dashboard"):
        rows += _rows(name, getattr(config, name), origin)
    for name, section in config.providers.items():
        rows += [row for row in _rows(f"providers.{name}", section, origin) if row.origin == origin]
    return rows


def environment_settings(environment: Mapping[str, str] = os.environ) -> list[Setting]:
    """The AWS settings that the environment makes: where S3 is, whose credentials are used."""
    plain = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    secret = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    rows = [
        Setting(name, masked(environment[name]), "environment") for name in plain if environment.get(name)
    ]
    return rows + [Setting(name, f"env:{name}", "environment") for name in secret if environment.get(name)]


def masked(text: str) -> str:
    """The text without user and password in its addresses."""
    return _PASSWORD.sub("://…@", text)


def _rows(prefix: str, section: BaseModel, origin: str) -> Iterator[Setting]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        yield Setting(
            f"{prefix}.{name}",
            masked(_text(value)),
            origin if name in section.model_fields_set else DEFAULT,
        )


def _text(value: object) -> str:
    match value:
        case None:
            return "not set"
        case bool():
            return "true" if value else "false"
        case str() | int() | float() | Path():
            return str(value)
        case BaseModel():
            return _text(value.model_dump(mode="json", exclude_unset=True))
        case Mapping():
            return ", ".join(f"{key} → {_text(inner)}" for key, inner in value.items()) or "none"
        case Sequence():
            return ", ".join(map(_text, value)) or "none"
        case _:
            return json.dumps(value, default=str)
