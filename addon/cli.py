"""The command line. Everything heavy is imported by the command that needs it: worker processes import
this module too, as their parent's main module."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

CONFIG_HELP = "The configuration file (default: ./bedrock-batch.toml, then the user's)."
DATABASE_HELP = "SQLAlchemy URL of the job database (default: the one of the configuration)."

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


@application.command(context_settings={"allow_interspersed_args": False})
def run(
    command: Annotated[list[str], typer.Argument(help="The program and its arguments, after `--`.")],
    provider: Annotated[
        str, typer.Option(help="Send every job there, as if each call carried the header.")
    ] = "",
    config: Annotated[str, typer.Option(help=CONFIG_HELP)] = "",
    database: Annotated[str, typer.Option(help=DATABASE_HELP)] = "",
    options: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A mitmproxy option; repeatable.")
    ] = None,
) -> None:
    """Run one program through a proxy of its own: `bedrock-batch run -- python app.py`.

    The proxy listens on a free port, decrypts nothing but Bedrock, and ends with the program, whose exit
    code is ours. Jobs that are still running then go on when the next proxy starts.
    """
    from addon import running

    ours = {"batch_provider": provider, "batch_config": config, "batch_database": database}
    settings = [f"{name}={value}" for name, value in ours.items() if value]
    try:
        code = running.run(command, [*settings, *(options or [])])
    except running.CannotRun as error:
        typer.echo(f"bedrock-batch run: {error}", err=True)
        raise typer.Exit(error.code) from error
    raise typer.Exit(code)


if __name__ == "__main__":
    main()
