"""`bedrock-batch run`: a real proxy around a real program, no network beyond this machine."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from mitmproxy.certs import CertStore

from addon.cli import run, run_summary
from addon.cli.errors import CommandError
from addon.jobs.database.store import Store
from addon.proxy import ca_bundle
from addon.proxy.application_environment import application_environment, proxy_bypasses
from tests.addon.cli import programs
from tests.addon.cli.programs import a_job
from tests.waiting import PATIENCE, wait_until

SHOW_ENVIRONMENT = """
import boto3, json, os, pathlib, sys
bedrock = boto3.client("bedrock")
listed = bedrock.list_model_invocation_jobs()["invocationJobSummaries"]
place = {"s3Uri": "s3://a-bucket/a/"}
arn = bedrock.create_model_invocation_job(
    jobName="nightly", roleArn="arn:aws:iam::123456789012:role/r", clientRequestToken="t" * 40,
    modelId="gpt-5.4-mini", inputDataConfig={"s3InputDataConfig": place},
    outputDataConfig={"s3OutputDataConfig": place})["jobArn"]
bedrock.get_model_invocation_job(jobIdentifier=arn)
bedrock.stop_model_invocation_job(jobIdentifier=arn)
seen = {"listed": listed, "arn": arn, "environment": dict(os.environ)}
pathlib.Path("seen.json").write_text(json.dumps(seen))
sys.exit(3)
"""

WAIT_FOR_SIGNAL = """
import pathlib, signal, sys, time
for name in ("SIGINT", "SIGTERM"):
    number = getattr(signal, name)
    signal.signal(number, lambda number, _: sys.exit(40 + number))
pathlib.Path("started").touch()
time.sleep(100)
"""

COUNT_INTERRUPTS = """
import os, signal, socket, time
count = 0
def interrupted(number, frame):
    global count
    count += 1
signal.signal(signal.SIGINT, interrupted)
print("started", flush=True)
while not count:
    time.sleep(0.05)
time.sleep(1)
port = int(os.environ["HTTPS_PROXY"].rpartition(":")[2])
print(count, "interrupts, proxy alive:", socket.socket().connect_ex(("127.0.0.1", port)) == 0)
"""

TUNNEL = """
import os, pathlib, socket, ssl, sys
port = int(os.environ["HTTPS_PROXY"].rpartition(":")[2])
for host in sys.argv[1:]:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"CONNECT {host} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n".encode())
        print(connection.recv(4096).split(b"\\r\\n")[0].decode())
        if "sts" in host or "S3" in host:
            continue  # nothing is sent there
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(connection, server_hostname=host.partition(":")[0]) as secure:
            pathlib.Path(f"{host}.der").write_bytes(secure.getpeercert(binary_form=True))
"""

KILL_THE_PROXY = """
import os, signal, socket, subprocess
shown = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
family = [map(int, line.split()) for line in shown.splitlines()[1:]]
[proxy] = [pid for pid, parent in family if parent == os.getppid() and pid != os.getpid()]
os.kill(proxy, signal.SIGKILL)
port = int(os.environ["HTTPS_PROXY"].rpartition(":")[2])
while socket.socket().connect_ex(("127.0.0.1", port)) == 0:
    pass
"""

HOME = "/home/somebody"
BUNDLE = Path(HOME) / "bundle.pem"


def test_program_goes_through_the_proxy_and_trusts_it() -> None:
    environment = application_environment({"HOME": HOME}, "http://127.0.0.1:1234", BUNDLE)
    assert environment["HTTPS_PROXY"] == environment["https_proxy"] == "http://127.0.0.1:1234"
    assert environment["AWS_CA_BUNDLE"] == environment["REQUESTS_CA_BUNDLE"] == str(BUNDLE)
    assert environment["HOME"] == HOME


@pytest.mark.parametrize(
    ("own", "kept"),
    [
        ({}, []),
        ({"NO_PROXY": "intranet, 10.0.0.1,localhost"}, ["intranet", "10.0.0.1"]),
        ({"no_proxy": "lower", "NO_PROXY": "upper"}, ["lower"]),
    ],
)
def test_metadata_services_and_the_users_own_exceptions_are_asked_directly(
    own: dict[str, str], kept: list[str]
) -> None:
    environment = application_environment(own, "http://127.0.0.1:1234", BUNDLE)
    assert environment["NO_PROXY"] == environment["no_proxy"]
    assert environment["NO_PROXY"].split(",") == [
        "localhost",
        "127.0.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "fd00:ec2::254",
        "fd00:ec2::23",
        *kept,
    ]


def test_exit_code_environment_and_answers_reach_the_program(tmp_path: Path) -> None:
    company = tmp_path / "company"
    company.mkdir()
    CertStore.from_store(company, "mitmproxy", 2048)
    config = tmp_path / ".mitmproxy" / "config.yaml"
    config.parent.mkdir()
    config.write_text("batch_provider: bedrock\nmode: ['reverse:http://127.0.0.1:9']\n")
    (tmp_path / "program.py").write_text(SHOW_ENVIRONMENT)
    variables = {"AWS_CA_BUNDLE": str(ca_bundle.ca_file(company)), "NO_PROXY": "intranet"}
    arguments = ["run", "--provider", "openai", "--", "python", "program.py"]
    result = programs.run(arguments, tmp_path, variables)
    assert result.returncode == 3, result.stderr
    seen = json.loads((tmp_path / "seen.json").read_bytes())
    assert seen["listed"] == []
    bundle = ca_bundle.bundle_file(tmp_path / ".mitmproxy")
    assert seen["environment"]["AWS_CA_BUNDLE"] == str(bundle)
    assert ca_bundle.ca_file(company).read_bytes().strip() in bundle.read_bytes()
    assert f"AWS_CA_BUNDLE={bundle}" in result.stderr
    (told,) = [line for line in result.stderr.splitlines() if "run: job " in line]
    assert told.startswith(f"bedrock-batch run: job nightly ({seen['arn'][-12:]}): Stop")
    assert "other AWS hosts" not in result.stderr
    log = Path(result.stderr.rpartition("the proxy's log: ")[2].strip())
    assert "proxy listening at 127.0.0.1:" in log.read_text()


def test_only_bedrock_is_decrypted_and_a_good_end_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "tunnel.py").write_text(TUNNEL)
    with https_server(tmp_path) as (port, own_certificate):
        hosts = [f"localhost:{port}", "bedrock.us-east-1.amazonaws.com:443"]
        others = ["sts.amazonaws.com:443", "a-bucket.S3.cn-north-1.amazonaws.com.cn:8443"]
        arguments = ["run", "--provider", "openai", "--", "python", "tunnel.py", *hosts, *others, others[0]]
        result = programs.run(arguments, tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == ["HTTP/1.1 200 Connection established"] * 5
    (told,) = [line for line in result.stderr.splitlines() if "other AWS hosts" in line]
    called = "a-bucket.s3.cn-north-1.amazonaws.com.cn:8443, sts.amazonaws.com"
    assert told.endswith(f"that the program called, with its AWS account: {called}")
    assert (tmp_path / f"{hosts[0]}.der").read_bytes() == own_certificate
    bedrock = ssl.DER_cert_to_PEM_cert((tmp_path / f"{hosts[1]}.der").read_bytes())
    (tmp_path / "bedrock.pem").write_text(bedrock)
    ca = ca_bundle.ca_file(tmp_path / ".mitmproxy")
    verified = subprocess.run(["openssl", "verify", "-CAfile", ca, tmp_path / "bedrock.pem"], check=False)
    assert verified.returncode == 0
    assert [*(tmp_path / "tmp").glob("bedrock-batch-*")] == []


@contextmanager
def https_server(folder: Path) -> Iterator[tuple[int, bytes]]:
    """Another TLS server; its port and its certificate."""
    store = CertStore.from_store(folder / "elsewhere", "elsewhere", 2048)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "elsewhere" / "elsewhere-ca.pem")

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with suppress(ConnectionError), context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(1)  # the client shows its certificate and is gone

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        yield server.getsockname()[1], ssl.PEM_cert_to_DER_cert(store.default_ca.to_pem().decode())
        thread.join()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_the_program_and_its_exit_code_is_ours(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "program.py").write_text(WAIT_FOR_SIGNAL)
    with started(["run", "--", "python", "program.py"], tmp_path) as process:
        wait_until((tmp_path / "started").exists)
        process.send_signal(number)
        assert process.wait(PATIENCE) == 40 + number


def test_control_c_reaches_the_program_once_and_the_proxy_outlives_it(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(COUNT_INTERRUPTS)
    with programs.on_terminal(["run", "--", "python", "program.py"], tmp_path) as terminal:
        wait_until(lambda: "started" in terminal.shown())
        terminal.type(b"\x03")
        assert terminal.process.wait(PATIENCE) == 0
    assert "1 interrupts, proxy alive: True" in terminal.shown()


def test_a_program_that_was_killed_ends_as_in_a_shell(tmp_path: Path) -> None:
    arguments = ["run", "--", "python", "-c", "import os; os.kill(os.getpid(), 9)"]
    assert programs.run(arguments, tmp_path).returncode == 128 + signal.SIGKILL


def test_the_proxy_ends_even_when_we_are_killed(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import os, pathlib, time\n"
        "pathlib.Path('proxy').write_text(os.environ['HTTPS_PROXY'])\n"
        "pathlib.Path('pid').write_text(str(os.getpid()))\n"
        "time.sleep(100)\n"
    )
    with started(["run", "--", "python", "program.py"], tmp_path) as process:
        wait_until((tmp_path / "pid").exists)
        wait_until(lambda: (tmp_path / "pid").read_text() != "")
        process.kill()
        process.wait()
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    port = int((tmp_path / "proxy").read_text().rpartition(":")[2])
    wait_until(lambda: not programs.listens(port))


@contextmanager
def started(arguments: list[str], home: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        programs.command(*arguments),
        cwd=home,
        env=programs.environment(home),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_jobs_that_outlive_the_program_are_told(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'jobs.db'}"
    store = Store(database)
    for number in range(1, 5):
        store.add(a_job(number), {})
    store.close()
    result = programs.run(["run", "--database", database, "--", "true"], tmp_path)
    assert result.returncode == 0, result.stderr
    [told] = [line for line in result.stderr.splitlines() if "still running" in line]
    assert told == (
        "bedrock-batch run: 4 jobs are still running (job000000001, job000000002, job000000003, …) "
        "and will go on when a proxy starts: bedrock-batch proxy"
    )


def test_company_proxy_is_used_and_its_password_is_in_no_command_line(tmp_path: Path) -> None:
    (tmp_path / "tunnel.py").write_text(TUNNEL)
    with company_proxy() as (port, seen):
        variables = {"HTTPS_PROXY": f"http://user:s3cr%40t@127.0.0.1:{port}"}
        arguments = ["run", "--", "python", "tunnel.py", "api.example.com:443"]
        result = programs.run(arguments, tmp_path, variables)
    assert seen[0].startswith("CONNECT api.example.com:443 ")
    [credentials] = [line for line in seen[0].split("\r\n") if line.startswith("Proxy-Authorization: ")]
    assert b64decode(credentials.rpartition(" ")[2]) == b"user:s3cr@t"
    assert not any("s3cr" in line for line in seen[1:])
    assert "s3cr" not in result.stderr


@contextmanager
def company_proxy() -> Iterator[tuple[int, list[str]]]:
    """Takes one CONNECT and refuses it; what it saw, then all command lines of that moment."""
    seen: list[str] = []

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            seen.append(connection.recv(4096).decode())
            seen.extend(command_lines())
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        yield server.getsockname()[1], seen
        thread.join()


def command_lines() -> list[str]:
    return subprocess.run(
        ["ps", "-eo", "args"], capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_bad_options_are_told_with_the_proxys_log(tmp_path: Path) -> None:
    result = programs.run(["run", "--set", "batch_providr=openai", "--", "touch", "ran"], tmp_path)
    assert result.returncode == 1
    assert "unknown option batch_providr" in result.stderr
    [log] = (tmp_path / "tmp").glob("bedrock-batch-run-*/proxy.log")
    assert str(log) in result.stderr
    assert not (tmp_path / "ran").exists()


def test_a_trust_store_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    result = programs.run(["run", "--", "touch", "ran"], tmp_path, {"AWS_CA_BUNDLE": "/nowhere/company.pem"})
    assert result.returncode == 1
    assert "AWS_CA_BUNDLE: /nowhere/company.pem: No such file or directory" in result.stderr
    assert not (tmp_path / "ran").exists()


def test_a_proxy_that_dies_is_told(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(KILL_THE_PROXY)
    result = programs.run(["run", "--", "python", "program.py"], tmp_path)
    assert result.returncode == 1
    assert "the proxy ended before the program did, with exit code -9; its log: " in result.stderr


def test_a_program_that_does_not_exist_is_told_before_anything_starts(tmp_path: Path) -> None:
    result = programs.run(["run", "--", "no-such-program"], tmp_path)
    assert result.returncode == 127
    assert result.stderr == "bedrock-batch: no-such-program: there is no such program\n"


def test_a_file_that_is_no_program_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"\x00\x01")
    (tmp_path / "data").chmod(0o755)
    result = programs.run(["run", "--", "./data"], tmp_path)
    assert result.returncode == 126
    assert "./data: Exec format error" in result.stderr


@pytest.mark.parametrize(
    ("variables", "warned"),
    [
        ({}, []),
        ({"NO_PROXY": ".amazonaws.com"}, ["NO_PROXY=.amazonaws.com exempts them"]),
        ({"NO_PROXY": "*"}, ["NO_PROXY=* exempts them"]),
        ({"NO_PROXY": "localhost,s3.amazonaws.com"}, []),
        ({"AWS_ENDPOINT_URL_BEDROCK": "http://localhost:4566"}, ["AWS_ENDPOINT_URL_BEDROCK is plain HTTP"]),
        ({"AWS_ENDPOINT_URL": "https://localhost:4566"}, []),
    ],
)
def test_proxy_bypasses_the_proxy_are_warned_of(variables: dict[str, str], warned: list[str]) -> None:
    assert [*proxy_bypasses({"NO_PROXY": "", **variables})] == warned


@pytest.mark.parametrize(
    ("variables", "settings"),
    [
        ({}, ["mode=regular"]),
        ({"HTTPS_PROXY": ""}, ["mode=regular"]),
        ({"HTTPS_PROXY": "http://corp:3128"}, ["mode=upstream:http://corp:3128"]),
        ({"HTTPS_PROXY": "corp:3128"}, ["mode=upstream:http://corp:3128"]),
        ({"HTTPS_PROXY": "https://corp"}, ["mode=upstream:https://corp"]),
        ({"HTTPS_PROXY": "http://upper", "https_proxy": "http://lower"}, ["mode=upstream:http://lower"]),
        ({"HTTPS_PROXY": "http://[::1]:3128"}, ["mode=upstream:http://[::1]:3128"]),
        ({"HTTPS_PROXY": "http://u:p%40w@corp:1"}, ["mode=upstream:http://corp:1", "upstream_auth=u:p@w"]),
    ],
)
def test_calls_go_out_through_the_environments_proxy(variables: dict[str, str], settings: list[str]) -> None:
    assert run.upstream_options(variables) == settings


@pytest.mark.parametrize("url", ["socks5://u:secret@corp:1080", "http://"])
def test_a_proxy_that_cannot_be_chained_is_refused(url: str) -> None:
    with pytest.raises(CommandError, match=r"^HTTPS_PROXY names a proxy that is neither"):
        run.upstream_options({"HTTPS_PROXY": url})


@pytest.mark.parametrize(
    ("host", "decrypted"),
    [
        ("bedrock.us-east-1.amazonaws.com:443", True),
        ("bedrock-fips.us-gov-west-1.amazonaws.com:443", True),
        ("bedrock.eu-west-1.api.aws:443", True),
        ("vpce-0abc-1def.bedrock.us-east-1.vpce.amazonaws.com:443", True),
        ("bedrock-runtime.us-east-1.amazonaws.com:443", False),
        ("my-bucket.s3.us-east-1.amazonaws.com:443", False),
        ("sts.amazonaws.com:443", False),
        ("api.openai.com:443", False),
    ],
)
def test_what_is_decrypted(host: str, decrypted: bool) -> None:
    assert (re.search(run_summary.BEDROCK_HOSTS, host) is not None) == decrypted


READS_NO_PROXY_VARIABLES = """
import json, os, urllib.request
for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[name]
request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL_BEDROCK"] + "/model-invocation-jobs")
print(json.load(urllib.request.urlopen(request)))
"""


def test_a_program_that_reads_no_proxy_variables_is_routed(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(READS_NO_PROXY_VARIABLES)
    result = programs.run(["run", "--provider", "openai", "--", "python", "program.py"], tmp_path)
    assert (result.returncode, result.stdout) == (0, "{'invocationJobSummaries': []}\n"), result.stderr
    assert "no Bedrock call" not in result.stderr


def test_a_program_whose_calls_did_not_come_through_is_told_of(tmp_path: Path) -> None:
    result = programs.run(["run", "--", "true"], tmp_path)
    assert result.returncode == 0
    [told] = [line for line in result.stderr.splitlines() if "no Bedrock call" in line]
    assert "HTTPS_PROXY or AWS_ENDPOINT_URL_BEDROCK" in told


UNROUTED = """
import boto3, botocore
def seen(region):
    client = boto3.client("bedrock", region_name=region, config=botocore.config.Config(
        retries={"total_max_attempts": 1}))
    return client.list_foundation_models()["modelSummaries"]
print(seen("us-east-1"))
"""


def test_other_calls_to_an_endpoint_of_the_users_go_there_signed_anew(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(UNROUTED)
    with bedrock_stand_in() as (port, seen):
        variables = {
            "AWS_ENDPOINT_URL_BEDROCK": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "a-key",
            "AWS_SECRET_ACCESS_KEY": "a-secret",
        }
        result = programs.run(["run", "--", "python", "program.py"], tmp_path, variables)
    assert (result.returncode, result.stdout) == (0, "[]\n"), result.stderr
    [head] = seen
    assert head.startswith("GET /foundation-models HTTP/1.1\r\n")
    assert f"host: 127.0.0.1:{port}\r\n" in head.lower()
    assert is_signed_for(head, "a-secret")


def is_signed_for(head: str, secret: str) -> bool:
    """Whether the signature of a GET is the one that AWS computes from what arrived."""
    lines = [line.partition(": ") for line in head.split("\r\n")[1:] if line]
    headers = {name.lower(): value for name, _, value in lines}
    authorization = headers["authorization"]
    names = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    arrived = AWSRequest(
        method="GET",
        url=f"http://{headers['host']}{head.split(' ')[1]}",
        headers={name: headers[name] for name in names},
    )
    arrived.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(Credentials("a-key", secret), "bedrock", "us-east-1")
    signature = auth.signature(auth.string_to_sign(arrived, auth.canonical_request(arrived)), arrived)
    return authorization.endswith(f"Signature={signature}")


@contextmanager
def bedrock_stand_in() -> Iterator[tuple[int, list[str]]]:
    """Answers one call; the heads that it saw."""
    seen: list[str] = []

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            seen.append(connection.recv(65536).decode().partition("\r\n\r\n")[0] + "\r\n")
            body = b'{"modelSummaries": []}'
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        yield server.getsockname()[1], seen
        thread.join()


@pytest.mark.parametrize(
    ("variables", "target"),
    [
        ({}, "https://bedrock.us-east-1.amazonaws.com:443"),
        ({"AWS_REGION": "eu-west-1"}, "https://bedrock.eu-west-1.amazonaws.com:443"),
        ({"AWS_DEFAULT_REGION": "cn-north-1"}, "https://bedrock.cn-north-1.amazonaws.com.cn:443"),
        ({"AWS_ENDPOINT_URL": "http://localhost:4566"}, "http://localhost:4566"),
        ({"HTTPS_PROXY": "http://corp:3128"}, None),
        ({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, None),
    ],
)
def test_where_calls_to_the_endpoint_go(variables: dict[str, str], target: str | None) -> None:
    modes = [option for option in run.reverse_options(variables) if option.startswith("mode=")]
    assert [mode.rpartition("@")[0] for mode in modes] == ([f"mode=reverse:{target}"] if target else [])
