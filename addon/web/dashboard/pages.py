"""The templates: everything they show is escaped, for HTML by Jinja, for the eye by `visible`."""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from addon.web.dashboard import phases
from addon.web.dashboard.text import LONGEST, SHORT, one_line, size, visible

_KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


def page(template: str, **values: Any) -> str:
    """A page as HTML."""
    return _environment().get_template(template).render(**values)


@cache
def asset(name: str) -> tuple[str, bytes] | None:
    """The media type and content of one of our files; None if there is none of that name."""
    kind = _KINDS.get(name.rpartition(".")[2])
    file = files("addon.web.dashboard") / "static" / name
    return (kind, file.read_bytes()) if kind is not None and "/" not in name and file.is_file() else None


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("addon.web.dashboard"),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "asset": _address,
        "phase": phases.phase,
        "percent": phases.percent,
        "left": phases.left,
        "SHORT": SHORT,
        "LONGEST": LONGEST,
    }
    environment.filters |= {
        "ago": _ago,
        "iso": _iso,
        "moment": _moment,
        "count": _count,
        "one_line": one_line,
        "size": size,
        "segment": lambda text: quote(text, safe=""),
    }
    return environment


@cache
def _address(name: str) -> str:
    found = asset(name)
    assert found is not None
    return f"/batch/static/{name}?v={hashlib.sha256(found[1]).hexdigest()[:12]}"


def _ago(moment: datetime, now: datetime) -> str:
    length = now - moment
    return "now" if length < timedelta(seconds=1) else phases.span(length)


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _count(number: int) -> str:
    return f"{number:,}"
