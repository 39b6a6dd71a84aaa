import ssl
from pathlib import Path

import certifi
import pytest
from mitmproxy.certs import CertStore

from addon.proxy import ca_bundle


@pytest.fixture
def confdir(tmp_path: Path) -> Path:
    """mitmproxy's own folder, with a CA."""
    return a_ca(tmp_path / "confdir")


def a_ca(folder: Path) -> Path:
    folder.mkdir()
    CertStore.from_store(folder, "mitmproxy", 2048)
    return folder


def certificates(file: Path) -> set[bytes]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(file)
    return set(context.get_ca_certs(binary_form=True))


def test_bundle_holds_the_ca_and_the_usual_roots(confdir: Path) -> None:
    bundle = ca_bundle.write_bundle(confdir, {})
    assert bundle == ca_bundle.bundle_file(confdir)
    assert certificates(bundle) == certificates(ca_bundle.ca_file(confdir)) | certificates(
        Path(certifi.where())
    )
    assert ca_bundle.holds_ca(bundle, confdir)


@pytest.mark.parametrize("variable", ca_bundle.VARIABLES)
def test_bundle_holds_what_the_environment_trusted_already(
    confdir: Path, tmp_path: Path, variable: str
) -> None:
    company = ca_bundle.ca_file(a_ca(tmp_path / "company"))
    bundle = ca_bundle.write_bundle(confdir, {variable: str(company)})
    assert certificates(company) < certificates(bundle)


def test_environment_may_name_a_folder_of_certificates(confdir: Path, tmp_path: Path) -> None:
    company = a_ca(tmp_path / "company")
    certificate = ca_bundle.ca_file(company).read_bytes()
    for file in company.iterdir():
        file.unlink()
    (company / "0a1b2c3d.0").write_bytes(certificate.replace(b"\n", b"\r\n"))
    (company / "README").write_text("the company's own")
    bundle = ca_bundle.write_bundle(confdir, {"SSL_CERT_FILE": str(company)})
    assert certificates(company / "0a1b2c3d.0") < certificates(bundle)


def test_environment_that_names_the_bundle_changes_nothing(confdir: Path) -> None:
    bundle = ca_bundle.write_bundle(confdir, {})
    before, content = bundle.stat(), bundle.read_bytes()
    again = ca_bundle.write_bundle(confdir, {"AWS_CA_BUNDLE": str(bundle)})
    assert again == bundle
    assert again.read_bytes() == content
    after = again.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_each_certificate_is_there_once(confdir: Path) -> None:
    bundle = ca_bundle.write_bundle(confdir, {"SSL_CERT_FILE": certifi.where()})
    assert bundle.read_bytes().count(b"BEGIN CERTIFICATE") == len(certificates(bundle))


def test_a_new_ca_is_not_in_the_old_bundle_but_in_the_next(confdir: Path, tmp_path: Path) -> None:
    bundle = ca_bundle.write_bundle(confdir, {})
    ca_bundle.ca_file(a_ca(tmp_path / "other")).replace(ca_bundle.ca_file(confdir))
    assert not ca_bundle.holds_ca(bundle, confdir)
    ca_bundle.write_bundle(confdir, {})
    assert ca_bundle.holds_ca(bundle, confdir)


def test_others_can_read_the_bundle(confdir: Path) -> None:
    assert ca_bundle.write_bundle(confdir, {}).stat().st_mode & 0o777 == 0o644


def test_without_mitmproxys_ca_there_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(ca_bundle.NoBundle, match=r"mitmproxy's CA: .*mitmproxy-ca-cert\.pem: No such file"):
        ca_bundle.write_bundle(tmp_path, {})


@pytest.mark.parametrize(
    ("name", "wrong"), [("missing.pem", "No such file"), ("empty.pem", "there is no certificate in it")]
)
def test_a_trust_store_that_cannot_be_read_is_named(
    confdir: Path, tmp_path: Path, name: str, wrong: str
) -> None:
    (tmp_path / "empty.pem").touch()
    with pytest.raises(ca_bundle.NoBundle, match=f"AWS_CA_BUNDLE: .*{name}: {wrong}"):
        ca_bundle.write_bundle(confdir, {"AWS_CA_BUNDLE": str(tmp_path / name)})


def test_a_place_that_cannot_be_written_is_named(confdir: Path) -> None:
    ca_bundle.bundle_file(confdir).mkdir()
    with pytest.raises(ca_bundle.NoBundle, match=r"bedrock-batch-ca-bundle\.pem: "):
        ca_bundle.write_bundle(confdir, {})
