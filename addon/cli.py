"""The command line. Everything heavy is imported by the command that needs it: worker processes import
this module too, as their parent's main module."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

application = typer.Typer(
    name="bedrock-batch",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # locals may hold keys
)


def main() -> None:
    application()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bedrock-batch {version('bedrock-batch-proxy')}")
        raise typer.Exit


@application.callback()
def bedrock_batch(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Run a boto3 application's Bedrock batch jobs on another provider's batch API."""


@application.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def proxy(
    context: typer.Context,
    web: Annotated[bool, typer.Option("--web", help="With mitmweb's interface in the browser.")] = False,
    tui: Annotated[bool, typer.Option("--tui", help="With mitmproxy's interface in the terminal.")] = False,
) -> None:
    """Start the proxy; it listens on 127.0.0.1:8080.

    All other arguments go to mitmproxy: `-p 9000`, `--mode reverse:https://…`, `-w flows`,
    `--set batch_provider=openai`. `proxy -h` lists mitmproxy's arguments, `proxy --options` every option
    that `--set` and mitmproxy's config.yaml know, ours (`batch_…`) included. Two defaults differ from
    mitmproxy's: `connection_strategy=lazy` and `listen_host=127.0.0.1`.
    """
    from addon import launcher

    if web and tui:
        raise typer.BadParameter("--web and --tui exclude each other")
    launcher.start("web" if web else "tui" if tui else "dump", context.args)


@application.command()
def script() -> None:
    """Print the path of the script for plain mitmproxy: `mitmdump -s "$(bedrock-batch script)"`."""
    typer.echo(Path(__file__).with_name("script.py"))


if __name__ == "__main__":
    main()
