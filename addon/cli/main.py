"""The command line. Everything heavy is imported by the command that needs it: worker processes import
this module too, as their parent's main module."""

from pathlib import Path
from typing import Annotated, Any, Literal, override

import typer
from typer.core import TyperGroup

from addon.cli.errors import CommandError
from addon.cli.visible_text import visible

InvocationType = Literal["InvokeModel", "Converse"]

JOB_HELP = "Its id, its ARN, or its name if no other job has it."

ConfigFile = Annotated[
    str, typer.Option(help="The configuration file (default: ./bedrock-batch.toml, then the user's).")
]
Database = Annotated[
    str, typer.Option(help="SQLAlchemy URL of the job database (default: the one of the configuration).")
]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]
OneJob = Annotated[str, typer.Argument(help=JOB_HELP)]


class Commands(TyperGroup):
    """Ends with one line on standard error where a command raises `CommandError`."""

    @override
    def invoke(self, ctx: Any) -> object:
        try:
            return super().invoke(ctx)
        except CommandError as error:
            typer.echo(f"bedrock-batch: {visible(str(error))}", err=True)
            raise typer.Exit(error.code) from error


application = typer.Typer(
    cls=Commands,
    name="bedrock-batch",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # locals may hold keys
)
jobs_application = typer.Typer()
application.add_typer(jobs_application, name="jobs")


def main() -> None:
    application()


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

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
    from addon.proxy import launcher

    if web and tui:
        raise typer.BadParameter("--web and --tui exclude each other")
    launcher.start("web" if web else "tui" if tui else "dump", context.args)


@application.command()
def script() -> None:
    """Print the path of the script for plain mitmproxy: `mitmdump -s "$(bedrock-batch script)"`."""
    typer.echo(Path(__file__).parents[1] / "mitmdump" / "script.py")


@application.command(context_settings={"allow_interspersed_args": False})
def run(
    command: Annotated[list[str], typer.Argument(help="The program and its arguments, after `--`.")],
    provider: Annotated[
        str, typer.Option(help="Send every job there, as if each call carried the header.")
    ] = "",
    config: ConfigFile = "",
    database: Database = "",
    options: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A mitmproxy option; repeatable.")
    ] = None,
) -> None:
    """Run one program through a proxy of its own: `bedrock-batch run -- python app.py`.

    The proxy listens on a free port, decrypts nothing but Bedrock, and ends with the program, whose exit
    code is ours. Jobs that are still running then go on when the next proxy starts.
    """
    from addon.cli.run import run_program

    ours = {"batch_provider": provider, "batch_config": config, "batch_database": database}
    settings = [f"{name}={value}" for name, value in ours.items() if value]
    code = run_program(command, [*settings, *(options or [])])
    raise typer.Exit(code)


@application.command()
def worker(
    database: Database = "",
    config: ConfigFile = "",
    workers: Annotated[int, typer.Option(min=1, help="Worker processes that translate records.")] = 2,
    poll_interval: Annotated[
        int, typer.Option(min=1, help="Whole seconds between looks at a provider's batch.")
    ] = 30,
    dashboard: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where the dashboard is; empty: none.")
    ] = "127.0.0.1:8082",
) -> None:
    """Run jobs without a proxy, until SIGTERM or Ctrl-C; its jobs are handed over then.

    Proxies and workers with the same `--database postgresql://…` share the jobs.
    """
    from addon.cli.worker import run_worker

    run_worker(database, config, workers, poll_interval, dashboard)


@application.command()
def demo() -> None:
    """Play the whole story on this machine: S3, a provider, the proxy and a boto3 program."""
    from addon.demo.run import run_demo

    raise typer.Exit(run_demo())


@application.command()
def doctor(
    bucket: Annotated[str, typer.Option(help="A bucket that jobs use: try to list it.")] = "",
    database: Database = "",
    config: ConfigFile = "",
    as_json: AsJson = False,
) -> None:
    """Check keys, AWS credentials, S3, CA, database, disk and providers; exit code 1 if something fails."""
    from addon.cli.doctor import examine

    healthy = examine(config, database, bucket, as_json=as_json)
    raise typer.Exit(0 if healthy else 1)


@application.command()
def translate(
    model: Annotated[str, typer.Option(help="The job's `modelId`.")],
    to: Annotated[str, typer.Option(metavar="PROVIDER", help="What the header would say.")],
    file: Annotated[str, typer.Argument(metavar="[IN.jsonl|-]", help="The job's input; `-`: stdin.")] = "-",
    invocation_type: Annotated[
        InvocationType, typer.Option("--type", case_sensitive=False, help="The job's `modelInvocationType`.")
    ] = "InvokeModel",
    out: Annotated[Path | None, typer.Option(help="Write there instead of to stdout.")] = None,
    results: Annotated[
        list[Path] | None,
        typer.Option(help="The provider's result file; repeatable. Prints Bedrock's output instead."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only list what is wrong, by line.")] = False,
    config: ConfigFile = "",
    as_json: Annotated[bool, typer.Option("--json", help="With --check: for scripts.")] = False,
) -> None:
    """Print what would be sent for a job's input. Offline: no key, no S3, no call.

    A record that cannot be sent is named on stderr and does not change the exit code: it would not fail the
    job. A line that is no record would; here it is the end, with exit code 1. `--check` lists all of both,
    and exits with 1 if there is any.
    """
    if check and (results or out is not None):
        raise typer.BadParameter("--check goes with neither --results nor --out")
    if as_json and not check:
        raise typer.BadParameter("--json goes with --check")
    from addon.cli.translate import target_of, translate_file

    target = target_of(model, to, invocation_type, config)
    if check:
        from addon.cli.translate_check import check_file

        raise typer.Exit(0 if check_file(file, target, as_json=as_json) else 1)
    if results:
        from addon.cli.translate_results import write_output

        write_output(file, results, out, target)
    else:
        translate_file(file, out, target)


@application.command()
def record(
    flows: Annotated[Path, typer.Argument(metavar="FLOWS", help="A mitmproxy flow file or a HAR.")],
    out: Annotated[Path, typer.Option(help="The folder for `<provider>/<name of the file>/`.")] = Path(
        "recordings"
    ),
    provider: Annotated[str, typer.Option(help="The provider of the hosts that are not configured.")] = "",
    records: Annotated[
        int, typer.Option(min=0, help="How many records of a batch become recordings of their own.")
    ] = 10,
    config: ConfigFile = "",
) -> None:
    """Turn captured flows into recordings, secrets removed.

    Capture with `-w flows` or `--set hardump=flows.har`. Keys, tokens, signatures, accounts and organisations
    become placeholders; what is asked and answered stays: look through it before you share it.
    """
    from addon.recorder.captures import RecordingFailed
    from addon.recorder.record import write_recordings

    try:
        for written in write_recordings(flows, out, provider, config, records):
            typer.echo(visible(f"{written.folder}: {written.about}"))
    except RecordingFailed as error:
        raise CommandError(str(error)) from error


@jobs_application.callback(invoke_without_command=True)
def all_jobs(context: typer.Context) -> None:
    """Look at the jobs, and stop them. Without a command: list them."""
    if context.invoked_subcommand is None:
        jobs_list()


@jobs_application.command("list")
def jobs_list(
    status: Annotated[str | None, typer.Option(help="Only jobs with this status.")] = None,
    provider: Annotated[str | None, typer.Option(help="Only jobs of this provider.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    database: Database = "",
    config: ConfigFile = "",
    as_json: AsJson = False,
) -> None:
    """List the newest jobs."""
    from addon.cli.jobs.listing import list_jobs

    list_jobs(database, config, status=status, provider=provider, limit=limit, as_json=as_json)


@jobs_application.command("show")
def jobs_show(
    job: OneJob,
    record: Annotated[
        str | None,
        typer.Option(help="One record instead, on both sides: its number, its recordId or its custom_id."),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="With --record: cut nothing.")] = False,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="The whole timeline, not only the newest entries.")
    ] = False,
    database: Database = "",
    config: ConfigFile = "",
    as_json: AsJson = False,
) -> None:
    """Show everything about a job: counts, batches, what was dropped, where its output is, what happened.

    With --record: the line of the input, the line sent, the provider's row, the line of the output. A number
    counts from 1; where a `recordId` is a number too, the number counts.
    """
    if full and record is None:
        raise typer.BadParameter("--full goes with --record")
    if record is None:
        from addon.cli.jobs.listing import show_job

        show_job(database, config, job, whole_timeline=timeline, as_json=as_json)
    else:
        from addon.cli.jobs.records import show_record

        show_record(database, config, job, record, full=full, as_json=as_json)


@jobs_application.command("errors")
def jobs_errors(
    job: OneJob, database: Database = "", config: ConfigFile = "", as_json: AsJson = False
) -> None:
    """Show why records of a job failed: each error with its count and the first record that has it."""
    from addon.cli.jobs.records import show_errors

    show_errors(database, config, job, as_json=as_json)


@jobs_application.command("export")
def jobs_export(
    job: OneJob,
    out: Annotated[Path, typer.Option(metavar="FOLDER|FILE.zip", help="What does not exist yet.")],
    database: Database = "",
    config: ConfigFile = "",
    as_json: AsJson = False,
) -> None:
    """Write everything about a job to a folder or a zip file: report, timeline, errors with examples,
    settings."""
    from addon.cli.jobs.records import export_job

    export_job(database, config, job, out, as_json=as_json)


@jobs_application.command("retry")
def jobs_retry(
    job: OneJob, database: Database = "", config: ConfigFile = "", as_json: AsJson = False
) -> None:
    """Send the records of a job again that failed or were not processed, as a new job.

    Its input is written to the job's output folder; provider, model, role and output place are the job's. The
    same command gives the same new job.
    """
    from addon.cli.jobs.records import retry_job

    retry_job(database, config, job, as_json=as_json)


@jobs_application.command("watch")
def jobs_watch(
    wanted: Annotated[list[str] | None, typer.Argument(metavar="[JOB]...", help=JOB_HELP)] = None,
    database: Database = "",
    config: ConfigFile = "",
    as_json: AsJson = False,
) -> None:
    """Watch jobs until they are over; all running ones when none is named.

    The exit code is 0 if every one of them is Completed, else 1.
    """
    from addon.cli.jobs.watching import watch_jobs

    all_completed = watch_jobs(database, config, wanted or [], as_json=as_json)
    raise typer.Exit(0 if all_completed else 1)


@jobs_application.command("stop")
def jobs_stop(job: OneJob, database: Database = "", config: ConfigFile = "", as_json: AsJson = False) -> None:
    """Stop a job; what is finished by then is written out."""
    from addon.cli.jobs.listing import stop_job

    stop_job(database, config, job, as_json=as_json)


if __name__ == "__main__":
    main()
