import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from addon.jobs.key_vault import BadSecretKey, KeyVault


def test_a_key_is_decrypted_as_it_was_and_is_not_readable_in_between(tmp_path: Path) -> None:
    encrypted = KeyVault(tmp_path, {}).encrypt("sk-caller")
    assert b"sk-caller" not in encrypted
    assert KeyVault(tmp_path, {}).decrypt(encrypted) == "sk-caller"


def test_the_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: KeyVault(folder, {}), range(8)))
    assert {ring.decrypt(rings[0].encrypt("sk-caller")) for ring in rings} == {"sk-caller"}
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_secret_from_the_environment_leaves_no_file(tmp_path: Path) -> None:
    environment = {"BEDROCK_BATCH_SECRET_KEY": Fernet.generate_key().decode()}
    encrypted = KeyVault(tmp_path, environment).encrypt("sk-caller")
    assert KeyVault(tmp_path / "elsewhere", environment).decrypt(encrypted) == "sk-caller"
    assert list(tmp_path.iterdir()) == []


def test_a_malformed_secret_is_named_but_not_shown(tmp_path: Path) -> None:
    with pytest.raises(BadSecretKey, match="BEDROCK_BATCH_SECRET_KEY") as refusal:
        KeyVault(tmp_path, {"BEDROCK_BATCH_SECRET_KEY": "too-short"})
    assert "too-short" not in str(refusal.value)


def test_an_empty_secret_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret.key").touch()
    with pytest.raises(BadSecretKey, match=r"secret\.key"):
        KeyVault(tmp_path, {})


def test_a_key_encrypted_with_another_secret_is_named(tmp_path: Path) -> None:
    encrypted = KeyVault(tmp_path / "one", {}).encrypt("sk-caller")
    with pytest.raises(BadSecretKey, match="not encrypted with the secret"):
        KeyVault(tmp_path / "other", {}).decrypt(encrypted)
