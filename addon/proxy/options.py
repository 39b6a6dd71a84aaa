"""The addon's mitmproxy options: names, types, descriptions and validation."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from operator import attrgetter
from types import MappingProxyType

from mitmproxy.addonmanager import Loader
from mitmproxy.options import Options
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from addon.proxy.routing import BEDROCK, BadName, named_providers
from addon.settings.config import BadConfig, Config, load
from addon.web.dashboard.address import DEFAULT_ADDRESS, Address
from addon.web.dashboard.settings_list import DEFAULT, masked
from addon.web.dashboard.sources import Setting
from addon.web.flows.call_flows import SHOWN, Shown

PREFIX = "batch_"

_OPTIONS: tuple[tuple[str, type[str | int | bool], str | int | bool, str], ...] = (
    (
        "batch_provider",
        str,
        "",
        "Provider that batch jobs go to when a request has no x-model-provider header, or several in the "
        "order in which they are asked. Empty or 'bedrock': Bedrock itself.",
    ),
    (
        "batch_config",
        str,
        "",
        "Configuration file (TOML). Empty: ./bedrock-batch.toml, then the one in the user's config folder.",
    ),
    (
        "batch_database",
        str,
        "",
        "Where jobs are kept, as SQLAlchemy URL (sqlite:///jobs.db, postgresql+psycopg://...). "
        "Empty: an SQLite file in the user's data folder.",
    ),
    (
        "batch_workers",
        int,
        2,
        "Worker processes that translate records. 0: jobs are only accepted, and run elsewhere.",
    ),
    ("batch_poll_interval", int, 30, "Whole seconds between looks at a provider's batch."),
    (
        "batch_merge_lists",
        bool,
        False,
        "Append routed jobs to Bedrock's own answer when a List has no x-model-provider header.",
    ),
    (
        "batch_hosts",
        str,
        "",
        "Regular expression of further hosts that are Bedrock, searched in host and host:port.",
    ),
    (
        "batch_resign",
        bool,
        False,
        "Sign batch calls that are not routed with the proxy's own AWS credentials, in reverse mode and "
        "below /bedrock, where the caller's signature cannot be right.",
    ),
    (
        "batch_show_calls",
        str,
        "none",
        "Show the proxy's own calls to providers and S3 as flows: none, calls, or bodies too (never those of "
        "batch files). Keys are masked. By default calls where flows are kept, none in mitmdump.",
    ),
    (
        "batch_keep_flows",
        int,
        0,
        "Flows that mitmweb and the console keep; the oldest ones that nobody marked go. 0: all.",
    ),
    (
        "batch_dashboard",
        str,
        DEFAULT_ADDRESS,
        "host:port of the dashboard; empty: none. In mitmweb it is below /batch/ instead.",
    ),
)
WATCHED: Mapping[str, str | int] = MappingProxyType({"batch_show_calls": "calls", "batch_keep_flows": 5000})
"""The defaults that differ where flows are kept and looked at."""
NAMES = tuple(name for name, *_ in _OPTIONS)
_AT_START = ("batch_config", "batch_database", "batch_workers", "batch_poll_interval", "batch_dashboard")


class BadOption(ValueError):
    """An option's value is invalid; the message is one line that names the option."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The validated options."""

    config: Config = field(default_factory=Config)
    provider: str = ""
    hosts: re.Pattern[str] | None = None
    merge_lists: bool = False
    resign: bool = False
    database: str = field(default_factory=lambda: Config().database)
    """SQLAlchemy URL; may hold a password."""
    workers: int = 2
    poll_interval: float = 30
    """Seconds."""
    show_calls: Shown = "none"
    dashboard: Address | None = None
    config_file: str = ""
    """`batch_config` as given."""

    def check_change(self, started: "Settings") -> None:
        """Raises `BadOption` where these differ from the ones at the start in an option that is read only
        then."""
        fixed = attrgetter("config", "database", "workers", "poll_interval", "dashboard")
        if fixed(self) != fixed(started):
            raise BadOption(f"{', '.join(_AT_START)} are read when the proxy starts: start it again")


def declare(loader: Loader, *, watched: bool) -> None:
    """Declare the options; `watched`: for an interface that keeps flows."""
    for name, kind, default, description in _OPTIONS:
        value = WATCHED.get(name, default) if watched else default
        choices = SHOWN if name == "batch_show_calls" else None
        loader.add_option(name, kind, value, description, choices)


def read(options: Options) -> Settings:
    """The validated values of the options. Raises `BadOption`."""
    _at_least(0, "batch_keep_flows", options.batch_keep_flows)
    try:
        config = load(options.batch_config)
    except BadConfig as error:
        raise BadOption(f"batch_config: {error}") from error
    return Settings(
        config=config,
        provider=_provider(options.batch_provider, config),
        hosts=_pattern(options.batch_hosts),
        merge_lists=options.batch_merge_lists,
        resign=options.batch_resign,
        database=_url(options.batch_database or config.database),
        workers=_at_least(0, "batch_workers", options.batch_workers),
        poll_interval=config.jobs.poll_interval
        or _at_least(1, "batch_poll_interval", options.batch_poll_interval),
        show_calls=_shown(options.batch_show_calls),
        dashboard=_address(options.batch_dashboard),
        config_file=options.batch_config,
    )


def in_force(options: Options) -> list[Setting]:
    """The options as people read them; a password in the database's URL is masked."""
    return [
        Setting(
            name,
            masked(str(getattr(options, name))),
            "option" if options.has_changed(name) else DEFAULT,  # type: ignore[no-untyped-call]
        )
        for name in NAMES
    ]


def check_names(deferred: Iterable[str]) -> None:
    """Raises `BadOption` for undeclared names with the prefix `batch_`, which mitmproxy itself ignores."""
    names = sorted(name for name in deferred if name.startswith(PREFIX))
    if names:
        near = get_close_matches(names[0], NAMES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(NAMES)}"
        raise BadOption(f"unknown option {', '.join(names)}; {hint}")


def _provider(names: str, config: Config) -> str:
    try:
        named_providers(names or BEDROCK, config)
    except BadName as error:
        raise BadOption(f"batch_provider: {error}") from error
    return names


def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text, re.IGNORECASE) if text else None
    except re.error as error:
        raise BadOption(f"batch_hosts: {text!r} is not a regular expression: {error}") from error


def _address(text: str) -> Address | None:
    try:
        return Address.parse(text) if text else None
    except ValueError as error:
        raise BadOption(f"batch_dashboard: {error}") from None


def _url(text: str) -> str:
    try:
        make_url(text)
    except ArgumentError:
        raise BadOption("batch_database: not an SQLAlchemy URL, such as sqlite:///jobs.db") from None
    return text


def _shown(value: str) -> Shown:
    for known in SHOWN:
        if value == known:
            return known
    raise BadOption(f"batch_show_calls: {value!r} is none of {', '.join(SHOWN)}")


def _at_least(least: int, name: str, value: int) -> int:
    if value < least:
        raise BadOption(f"{name}: {value} is less than {least}")
    return value
