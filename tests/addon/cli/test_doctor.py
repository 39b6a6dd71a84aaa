import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import override

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner

from addon.cli.main import application
from addon.demo.servers import s3_server
from addon.jobs.database.store import Store
from addon.proxy import ca_bundle
from tests.addon.cli import programs
from tests.addon.cli.programs import NOWHERE, a_job
from tests.end_to_end.google_servers import BUCKET, LOCATION, PROJECT, GoogleServers, key_file

SECRETS = ("sk-dummy", "dummy-secret", "s3cret")

type Findings = Mapping[str, Mapping[str, str]]
type Doctor = Callable[..., Findings]


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Runs `bedrock-batch doctor --json` in an empty home with the given variables; by check's name."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, healthy: bool = False, **variables: str | None) -> Findings:
        known = programs.environment(tmp_path, AWS_SECRET_ACCESS_KEY="dummy-secret")
        with monkeypatch.context() as patch:
            for name in ("AWS_CA_BUNDLE", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "HTTPS_PROXY", "https_proxy"):
                patch.delenv(name, raising=False)
            for name, value in {**known, "AWS_ENDPOINT_URL_S3": None, **variables}.items():
                patch.delenv(name, raising=False) if value is None else patch.setenv(name, value)
            result = CliRunner().invoke(application, ["doctor", "--json", *arguments])
        assert not any(secret in result.output for secret in SECRETS)
        report = json.loads(result.stdout)
        assert report["healthy"] == healthy == (result.exit_code == 0), result.output
        return {finding["check"]: finding for finding in report["findings"]}

    return run


@dataclass
class Server:
    """Answers every GET with `status`, and records the requests."""

    url: str
    status: int = 200
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append((self.path, self.headers["authorization"]))
            self.send_response(known.status)
            self.send_header("content-length", "0")
            self.end_headers()

        @override
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        known = Server(f"http://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield known
        http.shutdown()
        thread.join()


def test_everything_in_order(doctor: Doctor, server: Server, tmp_path: Path) -> None:
    found = doctor(healthy=True, OPENAI_BASE_URL=f"{server.url}/v1")
    assert server.asked == [("/v1/models", "Bearer sk-dummy")]
    assert found["provider openai"]["level"] == "ok"
    assert found["provider openai"]["text"] == f"key in OPENAI_API_KEY; {server.url}/v1/models answers 200"
    assert found["AWS credentials"]["text"] == "found by env"
    assert found["configuration"]["text"] == "no file: everything as the environment says"
    assert found["S3"]["level"] == "skip"
    assert found["CA"]["level"] == "warn"
    assert found["HTTPS_PROXY"]["text"].startswith("not set")
    assert "mitmproxy 12." in found["versions"]["text"]
    assert "there is no job database" in found["database"]["text"]
    assert [*tmp_path.rglob("*.db")] == []


@pytest.mark.parametrize(
    ("status", "level", "hint"),
    [
        (401, "fail", "the key in OPENAI_API_KEY is not accepted there"),
        (403, "fail", "the key in OPENAI_API_KEY is not accepted there"),
        (404, "warn", "reachable, but this tells nothing about the key"),
        (503, "fail", "check base_url, the network, and HTTPS_PROXY"),
    ],
)
def test_what_a_provider_answers(doctor: Doctor, server: Server, status: int, level: str, hint: str) -> None:
    server.status = status
    finding = doctor(healthy=level != "fail", OPENAI_BASE_URL=server.url)["provider openai"]
    assert (finding["level"], finding["hint"]) == (level, hint)
    assert str(status) in finding["text"]


@pytest.mark.parametrize("url", ["http://[s3cret@bad", "no-url", "http://127.0.0.1:99999/v1"])
def test_a_provider_with_an_address_that_is_none(doctor: Doctor, url: str) -> None:
    finding = doctor(OPENAI_BASE_URL=url)["provider openai"]
    assert (finding["level"], finding["text"]) == ("fail", "no address")
    assert "has to begin with http:// or https://" in finding["hint"]


@pytest.mark.parametrize("url", [f"{NOWHERE}/v1", "http://user:s3cret@127.0.0.1:9/v1"])
def test_a_provider_that_cannot_be_reached(doctor: Doctor, url: str) -> None:
    finding = doctor(OPENAI_BASE_URL=url)["provider openai"]
    assert finding["level"] == "fail"
    assert "/models: " in finding["text"]


def test_a_provider_without_an_address(doctor: Doctor) -> None:
    finding = doctor(AZURE_OPENAI_API_KEY="key")["provider azure"]
    assert (finding["level"], finding["text"]) == ("fail", "no address")
    assert "AZURE_OPENAI_ENDPOINT" in finding["hint"]


def test_without_any_key_it_says_which_variables_hold_one(doctor: Doctor) -> None:
    finding = doctor(OPENAI_API_KEY=None)["providers"]
    assert finding["level"] == "fail"
    assert "OPENAI_API_KEY" in finding["hint"]


@pytest.mark.parametrize(
    ("bucket", "key", "level", "says"),
    [
        (BUCKET, "key.json", "ok", "this machine's own credentials; "),
        ("another-bucket", "key.json", "fail", "gs://another-bucket/batches answers 404"),
        (BUCKET, "/nonexistent", "fail", "no key: File /nonexistent was not found. Set GOOGLE"),
    ],
)
def test_a_provider_with_the_machines_own_credentials(
    doctor: Doctor, tmp_path: Path, bucket: str, key: str, level: str, says: str
) -> None:
    with GoogleServers() as google:
        key_file(tmp_path, google.url).rename(tmp_path / "key.json")
        (tmp_path / "bedrock-batch.toml").write_text(
            f"[providers.vertex]\nbase_url = '{google.url}'\nproject = '{PROJECT}'\n"
            f"location = '{LOCATION}'\nstaging = 'gs://{bucket}/batches'\n"
        )
        found = doctor(
            healthy=level == "ok",
            OPENAI_API_KEY=None,
            GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path / key),
            STORAGE_EMULATOR_HOST=google.storage,
        )
    assert found["provider vertex"]["level"] == level
    assert found["provider vertex"]["text"].startswith(says)


def test_a_configured_provider_needs_the_key_its_section_names(
    doctor: Doctor, server: Server, tmp_path: Path
) -> None:
    config = tmp_path / "bedrock-batch.toml"
    config.write_text(
        f'[providers.mine]\nkind = "openai"\napi_key = "env:MY_KEY"\nbase_url = "{server.url}"\n'
    )
    found = doctor(OPENAI_API_KEY=None)
    assert found["configuration"]["text"] == str(config)
    assert found["provider mine"]["text"] == "no key: MY_KEY is not set"
    assert doctor(healthy=True, OPENAI_API_KEY=None, MY_KEY="sk-dummy")["provider mine"]["level"] == "ok"


def test_a_broken_configuration_is_all_there_is_to_say(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[providers")
    found = doctor("--config", "broken.toml")
    assert [*found] == ["versions", "configuration"]
    assert found["configuration"]["text"].startswith("broken.toml: ")


def test_without_aws_credentials(doctor: Doctor, server: Server) -> None:
    variables = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    finding = doctor(OPENAI_BASE_URL=server.url, **variables)["AWS credentials"]
    assert (finding["level"], finding["text"]) == ("fail", "none found")


def test_a_profile_that_does_not_exist(doctor: Doctor, server: Server) -> None:
    variables = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_PROFILE": "nobody"}
    finding = doctor(OPENAI_BASE_URL=server.url, **variables)["AWS credentials"]
    assert (finding["level"], finding["text"]) == ("fail", "The config profile (nobody) could not be found")


def test_s3(doctor: Doctor, server: Server) -> None:
    with s3_server() as url:
        client = boto3.client(
            "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        client.create_bucket(Bucket="records")
        client.close()
        variables = {"OPENAI_BASE_URL": server.url, "AWS_ENDPOINT_URL_S3": url}
        assert doctor(healthy=True, **variables)["S3"]["text"].startswith(f"{url} answers ")
        found = doctor("--bucket", "s3://records/in/", healthy=True, **variables)
        assert found["S3"]["text"] == "s3://records/ can be listed"
        missing = doctor("--bucket", "missing", **variables)["S3"]
    assert missing["level"] == "fail"
    assert "missing" in missing["text"]
    gone = doctor(OPENAI_BASE_URL=server.url, AWS_ENDPOINT_URL_S3=NOWHERE)["S3"]
    assert (gone["level"], gone["text"].startswith(NOWHERE)) == ("fail", True)


def test_ca_and_bundles(doctor: Doctor, server: Server, tmp_path: Path) -> None:
    confdir = tmp_path / ".mitmproxy"
    write_ca(confdir, valid_for=timedelta(days=9))
    variables = {"OPENAI_BASE_URL": server.url, "AWS_CA_BUNDLE": str(tmp_path / "own.pem")}
    found = doctor(healthy=True, **variables)
    assert found["CA"]["level"] == "ok"
    assert (found["CA bundle"]["level"], found["AWS_CA_BUNDLE"]["level"]) == ("warn", "warn")

    bundle = ca_bundle.write_bundle(confdir, {})
    shutil.copy(bundle, tmp_path / "own.pem")
    found = doctor(healthy=True, **variables)
    assert (found["CA bundle"]["level"], found["AWS_CA_BUNDLE"]["level"]) == ("ok", "ok")

    write_ca(confdir, valid_for=timedelta(days=-1))
    found = doctor(**variables)
    assert found["CA"]["level"] == "fail"
    assert found["CA bundle"]["text"] == f"{bundle} does not hold mitmproxy's CA"


def write_ca(confdir: Path, valid_for: timedelta) -> None:
    confdir.mkdir(exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mitmproxy")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=10))
        .not_valid_after(datetime.now(UTC) + valid_for)
        .sign(key, hashes.SHA256())
    )
    ca_bundle.ca_file(confdir).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def test_database(doctor: Doctor, server: Server, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'jobs.db'}"
    store = Store(database)
    store.add(a_job(), {})
    store.close()
    found = doctor("--database", database, healthy=True, OPENAI_BASE_URL=server.url)
    assert found["database"]["text"] == f"{database}, 1 jobs running"
    assert found["SQLite"]["level"] == "ok"


@pytest.mark.parametrize("database", ["nonsense", "postgresql+psycopg://user:s3cret@127.0.0.1:9/jobs"])
def test_a_database_that_cannot_be_opened(doctor: Doctor, server: Server, database: str) -> None:
    found = doctor("--database", database, OPENAI_BASE_URL=server.url)
    assert (found["database"]["level"], found["SQLite"]["level"]) == ("fail", "skip")


def test_a_folder_that_cannot_be_written(doctor: Doctor, server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "bedrock-batch.toml").write_text('[jobs]\nfolder = "file/data"\n')
    finding = doctor(OPENAI_BASE_URL=server.url)["folder"]
    assert finding["level"] == "fail"
    assert finding["text"] == f"{tmp_path / 'file'} cannot be written"


@pytest.mark.parametrize(
    ("proxy", "level", "says"),
    [
        ("http://localhost:8080", "warn", "http://localhost:8080 is this proxy"),
        ("http://user:s3cret@corp.example:3128", "ok", "calls to providers and S3 go through http://corp"),
    ],
)
def test_https_proxy(doctor: Doctor, server: Server, proxy: str, level: str, says: str) -> None:
    finding = doctor(healthy=True, OPENAI_BASE_URL=server.url, HTTPS_PROXY=proxy)["HTTPS_PROXY"]
    assert finding["level"] == level
    assert finding["text"].startswith(says)


@pytest.mark.parametrize(
    ("days", "level", "text"),
    [(-1, "fail", "OpenAI retired it on "), (0, "warn", "retires on "), (60, "warn", "retires on ")],
)
def test_a_model_that_retires(
    doctor: Doctor, server: Server, tmp_path: Path, days: int, level: str, text: str
) -> None:
    day = datetime.now(UTC).date() + timedelta(days=days)
    (tmp_path / "bedrock-batch.toml").write_text(
        '[providers.openai.models]\n"*" = "gpt-4o-mini"\n'
        f'[providers.openai.rules."gpt-4o-mini"]\nretires = {day}\n'
    )
    finding = doctor(healthy=level == "warn", OPENAI_BASE_URL=server.url)["model gpt-4o-mini of openai"]
    assert (finding["level"], finding["text"].startswith(text)) == (level, True)
    assert finding["text"].endswith("its successor is gpt-6-luna")


def test_a_model_that_runs_is_not_spoken_of(doctor: Doctor, server: Server, tmp_path: Path) -> None:
    (tmp_path / "bedrock-batch.toml").write_text('[providers.openai.models]\n"*" = "gpt-5.4-mini"\n')
    assert not any(check.startswith("model") for check in doctor(healthy=True, OPENAI_BASE_URL=server.url))


def test_people_get_a_line_for_each_check_and_what_to_do(tmp_path: Path) -> None:
    shown = programs.run(["doctor"], tmp_path)
    assert shown.returncode == 1
    lines = shown.stdout.splitlines()
    [at] = [number for number, line in enumerate(lines) if line.startswith("fail provider openai: ")]
    assert lines[at + 1].strip() == "check base_url, the network, and HTTPS_PROXY"
    assert any(line.startswith("ok   versions: bedrock-batch-proxy ") for line in lines)
