"""Starts mitmproxy's masters with the addon and other defaults.

`mitmproxy.tools.main.run`, which mitmdump, mitmweb and mitmproxy use, is no documented API: pyproject.toml
bounds mitmproxy's version.
"""

import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

from mitmproxy import ctx
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.tools import cmdline
from mitmproxy.tools.main import run

from addon.proxy import ca_bundle
from addon.proxy.addon import BedrockBatch

type Interface = Literal["dump", "web", "tui"]

DEFAULTS = {
    "connection_strategy": "lazy",  # else a routed call fails when AWS cannot be reached
    "listen_host": "127.0.0.1",  # this proxy holds provider keys
}

VERBOSE_LOGGERS = ("httpx", "httpcore", "botocore", "dbos")
"""Libraries that log every call at INFO, which mitmproxy shows."""

logger = logging.getLogger(__name__)


class CABundleWriter:
    """mitmproxy addon: writes the CA bundle once mitmproxy has its CA, and logs its path."""

    name = "bedrock_batch_trust"

    def running(self) -> None:
        try:
            bundle = ca_bundle.write_bundle(Path(ctx.options.confdir).expanduser())
        except ca_bundle.NoBundle as error:
            logger.warning("No CA bundle for applications: %s", error)
        else:
            logger.info("Applications trust this proxy with AWS_CA_BUNDLE=%s", bundle)


def start(interface: Interface, arguments: Sequence[str]) -> None:
    """Run the proxy until it is stopped. `arguments`: mitmproxy's own.

    Raises `SystemExit` with 1 when arguments, options or the start fail.
    """
    base, parser = _parts(interface)
    is_dump = interface == "dump"
    _run(base, parser, arguments, _filters if is_dump else None, watched=not is_dump)


def start_with(settings: Sequence[str], *addons: object) -> None:
    """Run a proxy with more addons, and options `name=value` that override the user's config.yaml.

    mitmproxy's `--set` alone does not override it. Raises `SystemExit` as `start` does.
    """

    def last_options(_: Namespace) -> dict[str, Any]:
        ctx.options.set(*settings, defer=True)
        return {}

    base, parser = _parts("dump")
    early = [part for setting in settings for part in ("--set", setting)]  # confdir names the config.yaml
    _run(base, parser, early, last_options, *addons)


def _run(
    base: Callable[[Options], Master],
    parser: Callable[[Options], ArgumentParser],
    arguments: Sequence[str],
    extra: Callable[[Namespace], dict[str, Any]] | None,
    *more: object,
    watched: bool = False,
) -> None:
    for name in VERBOSE_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    # `run` requires a class but only calls it with the options
    run(cast(type[Master], partial(_master, base, more, watched)), parser, arguments, extra)


def _parts(interface: Interface) -> tuple[Callable[[Options], Master], Callable[[Options], ArgumentParser]]:
    """The master and its command-line parser."""
    match interface:
        case "dump":
            from mitmproxy.tools.dump import DumpMaster

            return DumpMaster, cmdline.mitmdump
        case "web":
            from mitmproxy.tools.web.master import WebMaster

            return WebMaster, cmdline.mitmweb
        case "tui":
            from mitmproxy.tools.console.master import ConsoleMaster

            return ConsoleMaster, cmdline.mitmproxy


def _master(
    base: Callable[[Options], Master], more: Sequence[object], watched: bool, options: Options
) -> Master:
    master = base(options)
    # before config.yaml and the command line, which may override them
    options.update(**DEFAULTS)  # type: ignore[no-untyped-call]  # mitmproxy's own is untyped
    _add(master, BedrockBatch(watched=watched))
    master.addons.add(CABundleWriter(), *more)  # type: ignore[no-untyped-call]  # the same
    return master


def _add(master: Master, addon: object) -> None:
    """Insert the addon after those that change or answer requests and before those that save and show flows,
    which are to get the client's response."""
    registered = master.addons.register(addon)  # type: ignore[no-untyped-call]  # the same
    chain = master.addons.chain
    chain.insert(chain.index(master.addons.get("save")), registered)  # type: ignore[no-untyped-call]


def _filters(arguments: Namespace) -> dict[str, Any]:
    """The options that mitmdump sets for a filter expression on its command line."""
    expression = " ".join(arguments.filter_args)
    names = ("save_stream_filter", "readfile_filter", "dumper_filter")
    return dict.fromkeys(names, expression) if expression else {}
