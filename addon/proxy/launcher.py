"""Starts mitmproxy's own masters with our addon and two other defaults.

`mitmproxy.tools.main.run` is what mitmdump, mitmweb and mitmproxy use themselves; it is no documented
API, which is why pyproject.toml bounds the version.
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

TALKATIVE = ("httpx", "httpcore", "botocore", "dbos")
"""Libraries that announce every call at INFO, which mitmproxy shows."""

logger = logging.getLogger(__name__)


class TrustedBundle:
    """Writes the CA bundle once mitmproxy has its CA, and says where it is."""

    name = "bedrock_batch_trust"

    def running(self) -> None:
        try:
            bundle = ca_bundle.write_bundle(Path(ctx.options.confdir).expanduser())
        except ca_bundle.NoBundle as error:
            logger.warning("No CA bundle for applications: %s", error)
        else:
            logger.info("Applications trust this proxy with AWS_CA_BUNDLE=%s", bundle)


def start(interface: Interface, arguments: Sequence[str]) -> None:
    """Run the proxy until it is told to end; `arguments` are mitmproxy's own.

    Raises `SystemExit` with 1 for arguments, options or a start-up that failed.
    """
    base, parser = _parts(interface)
    _run(base, parser, arguments, _filters if interface == "dump" else None)


def start_with(settings: Sequence[str], addon: object) -> None:
    """Run a proxy with one more addon, and options as `name=value` that win over the user's config.yaml.

    mitmproxy's `--set` alone does not win over it. Raises `SystemExit` as `start` does.
    """

    def last_options(_: Namespace) -> dict[str, Any]:
        ctx.options.set(*settings, defer=True)
        return {}

    base, parser = _parts("dump")
    early = [part for setting in settings for part in ("--set", setting)]  # confdir names the config.yaml
    _run(base, parser, early, last_options, addon)


def _run(
    base: Callable[[Options], Master],
    parser: Callable[[Options], ArgumentParser],
    arguments: Sequence[str],
    extra: Callable[[Namespace], dict[str, Any]] | None,
    *more: object,
) -> None:
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # `run` wants a class and only ever calls it with the options
    run(cast(type[Master], partial(_master, base, more)), parser, arguments, extra)


def _parts(interface: Interface) -> tuple[Callable[[Options], Master], Callable[[Options], ArgumentParser]]:
    """The master, and its command line."""
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


def _master(base: Callable[[Options], Master], more: Sequence[object], options: Options) -> Master:
    master = base(options)
    # before config.yaml and the command line are read: both may say otherwise
    options.update(**DEFAULTS)  # type: ignore[no-untyped-call]  # mitmproxy's own is untyped
    _add(master, BedrockBatch())
    master.addons.add(TrustedBundle(), *more)  # type: ignore[no-untyped-call]  # the same
    return master


def _add(master: Master, addon: object) -> None:
    """Before those that save and show flows: they are to see the answer that the client gets. After those
    that change requests or answer them."""
    registered = master.addons.register(addon)  # type: ignore[no-untyped-call]  # the same
    chain = master.addons.chain
    chain.insert(chain.index(master.addons.get("save")), registered)  # type: ignore[no-untyped-call]


def _filters(arguments: Namespace) -> dict[str, Any]:
    """What mitmdump does with a filter expression on its command line."""
    expression = " ".join(arguments.filter_args)
    names = ("save_stream_filter", "readfile_filter", "dumper_filter")
    return dict.fromkeys(names, expression) if expression else {}
