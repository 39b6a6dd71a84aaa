"""The providers as configured: where they are, whether their keys are there, what they have to do."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from addon.jobs.database.job_list import InFlight
from addon.settings.config import Config, NoAddress
from addon.web.dashboard.settings_list import masked


@dataclass(frozen=True, kw_only=True)
class ProviderRow:
    """A provider on its page."""

    name: str
    kind: str
    mode: str
    address: str | None
    problem: str | None
    """What keeps it from being used, as configured."""
    key: str
    """The variables that may hold its key."""
    has_key: bool
    needs_key: bool
    models: Mapping[str, str]
    busy: InFlight
    is_configured: bool
    """By a section, by a key, or by jobs that it has; the others are known and not used."""


def provider_rows(
    config: Config,
    busy: Mapping[str, InFlight],
    used: Collection[str],
    environment: Mapping[str, str] = os.environ,
) -> list[ProviderRow]:
    """All known providers, those in use first."""
    rows = [_row(config, name, busy.get(name), name in used, environment) for name in config.known_providers]
    return sorted(rows, key=lambda row: (not row.is_configured, row.name))


def _row(
    config: Config, name: str, busy: InFlight | None, is_used: bool, environment: Mapping[str, str]
) -> ProviderRow:
    target = config.target(name)
    address = problem = None
    try:
        address = masked(target.base_url(environment))
    except NoAddress as error:
        problem = str(error)
    has_key = target.key(environment) is not None
    return ProviderRow(
        name=name,
        kind=target.section.kind or name,
        mode=target.section.mode,
        address=address,
        problem=problem,
        key=target.key_sources,
        has_key=has_key,
        needs_key=target.needs_key,
        models=target.section.models,
        busy=busy or InFlight(),
        is_configured=name in config.providers or has_key or is_used or busy is not None,
    )
