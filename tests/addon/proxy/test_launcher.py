"""The proxy as people start it: real processes, real connections, no network beyond this machine."""

import json
import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.config import Config
from mitmproxy.test import taddons

from addon.demo.proxy_process import ProxyProcess, free_port
from addon.proxy.launcher import CABundleWriter
from tests.addon.cli import programs
from tests.waiting import PATIENCE, wait_until

SHOW_OPTIONS = """
import json, logging, pathlib
from mitmproxy import ctx

def running():
    names = ("connection_strategy", "listen_host", "batch_provider", "dumper_filter")
    levels = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "botocore", "dbos")}
    options = {name: ctx.options._options[name].current() for name in names if name in ctx.options}
    pathlib.Path("options.json").write_text(json.dumps({**options, **levels}))
    ctx.master.shutdown()
"""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxyProcess]:
    home = tmp_path_factory.mktemp("home")
    with ProxyProcess(home, environment=programs.environment(home)) as process:
        yield process


def options_of(home: Path, *arguments: str) -> dict[str, object]:
    """The options of a proxy that was started with these arguments."""
    (home / "show_options.py").write_text(SHOW_OPTIONS)
    shown = programs.run(["proxy", "-p", "0", "-s", "show_options.py", *arguments], home)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    options: dict[str, object] = json.loads((home / "options.json").read_bytes())
    return options


def test_boto3_is_answered_through_the_ca_bundle_while_aws_cannot_be_reached(proxy: ProxyProcess) -> None:
    client = boto3.client(
        "bedrock",
        region_name="us-east-1",
        aws_access_key_id="dummy",
        aws_secret_access_key="dummy",
        verify=str(proxy.bundle),
        config=Config(proxies={"https": proxy.url}, retries={"total_max_attempts": 1}),
    )
    client.meta.events.register(
        "before-sign.bedrock.*",
        lambda request, **_: request.headers.add_header("x-model-provider", "openai"),
    )
    try:
        assert client.list_model_invocation_jobs()["invocationJobSummaries"] == []
    finally:
        client.close()


def test_log_has_the_path_of_the_bundle_and_no_http_requests(proxy: ProxyProcess) -> None:
    assert f"AWS_CA_BUNDLE={proxy.bundle}" in proxy.log_text()
    assert f"listening at 127.0.0.1:{proxy.port}" in proxy.log_text()
    assert "HTTP Request:" not in proxy.log_text()


def test_two_defaults_differ_from_mitmproxys_and_libraries_are_quiet(tmp_path: Path) -> None:
    options = options_of(tmp_path)
    assert options["connection_strategy"] == "lazy"
    assert options["listen_host"] == "127.0.0.1"
    assert {options[name] for name in ("httpx", "httpcore", "botocore", "dbos")} == {logging.WARNING}


def test_user_overrides_the_defaults_and_all_arguments_reach_mitmproxy(tmp_path: Path) -> None:
    (tmp_path / ".mitmproxy").mkdir()
    (tmp_path / ".mitmproxy" / "config.yaml").write_text("connection_strategy: eager\n")
    given = ["--listen-host", "127.0.0.2", "--set", "batch_provider=openai", "~u", "model-invocation-job"]
    options = options_of(tmp_path, *given)
    assert options["connection_strategy"] == "eager"
    assert options["listen_host"] == "127.0.0.2"
    assert options["batch_provider"] == "openai"
    assert options["dumper_filter"] == "~u model-invocation-job"


def test_mitmproxys_own_listing_knows_our_options(tmp_path: Path) -> None:
    assert "batch_provider:" in programs.run(["proxy", "--options"], tmp_path).stdout


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("batch_providr=openai", "unknown option batch_providr; did you mean batch_provider?"),
        ("batch_workers=some", "batch_workers: not an integer: some"),
        ("batch_provider=nobody", "batch_provider: 'nobody' is not a known provider"),
        (
            "batch_database=sqlite:////proc/jobs.db",
            "sqlite:////proc/jobs.db cannot be opened: ",
        ),
    ],
)
def test_unknown_names_and_bad_values_stop_the_start_with_one_line(
    tmp_path: Path, setting: str, message: str
) -> None:
    shown = programs.run(["proxy", "-p", "0", "--set", setting], tmp_path)
    everything = shown.stdout + shown.stderr
    assert shown.returncode == 1
    assert [line for line in everything.splitlines() if message in line] != [], everything
    assert "Traceback" not in everything


def test_a_port_in_use_stops_the_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        shown = programs.run(["proxy", "-p", str(taken.getsockname()[1])], tmp_path)
    assert shown.returncode == 1
    assert "address already in use" in shown.stdout + shown.stderr


def test_arguments_that_mitmproxy_does_not_know_stop_the_start(tmp_path: Path) -> None:
    shown = programs.run(["proxy", "--no-such-argument"], tmp_path)
    assert shown.returncode == 1
    assert "--no-such-argument" in shown.stderr


def test_bundle_that_cannot_be_written_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    addon = CABundleWriter()
    with taddons.context(addon) as context:  # type: ignore[no-untyped-call]  # mitmproxy's own
        context.options.update(confdir=str(tmp_path))
        addon.running()
    assert "No CA bundle for applications: mitmproxy's CA: " in caplog.text


def test_web_interface_is_mitmwebs(tmp_path: Path) -> None:
    web_port = free_port()
    process = ProxyProcess(
        tmp_path,
        environment=programs.environment(tmp_path),
        arguments=["--web", "--no-web-open-browser", "--web-port", str(web_port)],
    )
    with process:
        page = httpx.get(f"http://127.0.0.1:{web_port}", trust_env=False)
        assert page.headers["server"].startswith("mitmproxy")
    assert "Web server listening" in process.log_text()
    assert process.ended
    assert "Traceback" not in process.log_text()


def test_terminal_interface_is_mitmproxys(tmp_path: Path) -> None:
    port = free_port()
    with programs.on_terminal(["proxy", "--tui", "-p", str(port)], tmp_path) as terminal:
        wait_until(lambda: "Flows" in terminal.shown() or terminal.process.poll() is not None)
        wait_until(lambda: answers(port) or terminal.process.poll() is not None)
        assert terminal.process.poll() is None, terminal.shown()
        terminal.type(b":batch.jobs\r")
        wait_until(lambda: "0 jobs, as of" in terminal.shown() or "being read" in terminal.shown())
        terminal.type(b"qB")  # `batch.show @focus`, of a List
        wait_until(lambda: "no flow of one job" in terminal.shown())
        terminal.process.terminate()
        terminal.process.wait(PATIENCE)


def test_script_runs_in_plain_mitmdump(tmp_path: Path) -> None:
    script = programs.run(["script"], tmp_path).stdout.strip()
    mitmdump, port = str(Path(sys.executable).with_name("mitmdump")), str(free_port())
    with ExitStack() as stack:
        output = stack.enter_context((tmp_path / "log").open("wb"))
        process = subprocess.Popen(
            [mitmdump, "-s", script, "-p", port],
            cwd=tmp_path,
            env=programs.environment(tmp_path),
            stdout=output,
            stderr=output,
        )
        stack.callback(process.wait, PATIENCE)
        stack.callback(process.terminate)
        wait_until(lambda: answers(int(port)))
    assert "connection_strategy is 'eager'" in (tmp_path / "log").read_text()


def answers(port: int) -> bool:
    """Whether a List with the header is answered there."""
    try:
        answer = httpx.get(
            "http://bedrock.us-east-1.amazonaws.com/model-invocation-jobs",
            headers={"x-model-provider": "openai"},
            proxy=f"http://127.0.0.1:{port}",
            trust_env=False,
        )
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK
