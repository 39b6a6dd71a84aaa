"""The configuration file and the environment."""

import pickle
from datetime import date
from pathlib import Path
from typing import get_type_hints

import pytest

from addon.settings.config import FILE_NAME, BadConfig, Config, NoAddress, load
from translators.providers.registry import PROVIDERS, UnknownProvider
from translators.providers.rules.model_rules import ModelRules, RuleChanges


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def written(folder: Path, text: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE_NAME).write_text(text, encoding="utf-8")
    return str(folder / FILE_NAME)


def test_no_file_is_needed(elsewhere: Path) -> None:
    config = load()
    assert config.target("openai").base_url({}) == "https://api.openai.com/v1"
    assert config.folder == elsewhere / "data" / "bedrock-batch"
    assert config.database == f"sqlite:///{config.folder}/jobs.db"


def test_a_named_file_wins_over_the_folder_and_the_folder_over_the_users_own(elsewhere: Path) -> None:
    written(elsewhere / "config" / "bedrock-batch", "[jobs]\npoll_interval = 3")
    assert load().jobs.poll_interval == 3
    written(elsewhere, "[jobs]\npoll_interval = 2")
    assert load().jobs.poll_interval == 2
    named = written(elsewhere / "named", "[jobs]\npoll_interval = 1")
    assert load(named).jobs.poll_interval == 1


def test_a_byte_order_mark_is_no_part_of_the_file(elsewhere: Path) -> None:
    assert load(written(elsewhere, "\ufeff[jobs]\npoll_interval = 1")).jobs.poll_interval == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[jobs\n", "bedrock-batch.toml"),
        ("[jobs]\npool = 1", "jobs.pool: Extra inputs"),
        ("[jobs]\npoll_interval = 0", "jobs.poll_interval: Input should be greater than 0"),
        (
            "[providers.openai.rules.'gpt-*']\nsampling = 'sometimes'",
            r"providers.openai.rules.gpt-\*.sampling: Input should be 'always'",
        ),
        (
            "[providers.openai.rules.'gpt-*']\nsamplings = 'never'",
            r"providers.openai.rules.gpt-\*.samplings: Extra inputs",
        ),
        (
            "[providers.openai.rules.x]\nefforts = ['some']",
            r"providers.openai.rules.x.efforts.0: Input should be 'none'",
        ),
        ("[providers.openai]\napi_key = 'in the clear'", "providers.openai.api_key: .*by reference"),
        ("[providers.openai]\nmax_requests_per_batch = 0", "providers.openai.max_requests_per_batch"),
        (
            "[providers.openai]\nendpoint = 'response'",
            "providers.openai.endpoint: 'response' is not known; known: responses",
        ),
        (
            "[providers.anthropic]\nendpoint = 'responses'",
            "providers.anthropic.endpoint: 'responses' is not known; known: none; leave it out",
        ),
        (
            "[providers.cohere]\nmode = 'direct'",
            "providers.cohere.mode: cohere has no direct mode; anthropic, azure, .* have",
        ),
        ("[providers.local]\nkind = 'opnai'", "providers.local.kind: 'opnai' is not a known provider"),
        (
            "[providers.openai]\nbase_url = 'localhost:8000/v1'",
            "providers.openai.base_url: has to begin",
        ),
        (
            "[providers.openai]\nbase_url = 'http://h:99999'",
            "providers.openai.base_url: has to begin with",
        ),
        ("[providers.openai.models]\n'*' = ''", "providers.openai.models.*at least 1 character"),
        ("[providers.bedrock]\nkind = 'openai'", "providers.bedrock: no header can name it"),
        ("[providers.'a,b']\nkind = 'openai'", "providers.a,b: no header can name it"),
        ("[providers.OpenAI]\nkind = 'openai'", "providers.OpenAI: the header cannot tell it from openai"),
        (
            "[providers.one]\nkind = 'openai'\n[providers.One]\nkind = 'openai'",
            "providers.One: the header cannot tell it from one",
        ),
        ("[s3]\nallowed = ['a-bucket']", "s3.allowed.0: String should match pattern '.s3://'"),
        ("[jobs]\npoll_interval = inf", "jobs.poll_interval: .*finite"),
        ("[providers.local]\nbase_url = 'http://x'", "providers.local.kind: 'local' is not a known provider"),
    ],
)
def test_a_bad_setting_is_named(elsewhere: Path, text: str, message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        load(written(elsewhere, text))


def test_the_folder_may_begin_with_a_tilde(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    config = load(written(elsewhere, "[jobs]\nfolder = '~/batches'"))
    assert config.folder == Path("/home/somebody/batches")


def test_an_address_of_the_environment_is_one_too() -> None:
    with pytest.raises(NoAddress, match="'openai' has to begin with http"):
        Config().target("openai").base_url({"OPENAI_BASE_URL": "localhost:8000"})


def test_a_named_file_must_exist() -> None:
    with pytest.raises(BadConfig, match=r"missing\.toml"):
        load("missing.toml")


def test_a_section_is_a_provider_of_its_own() -> None:
    config = Config.model_validate(
        {
            "providers": {
                "team-a": {"kind": "openai", "base_url": "http://127.0.0.1:1/v1/", "api_key": "env:A"}
            }
        }
    )
    target = config.target("team-a")
    assert target.provider.name == "openai"
    assert target.base_url({"OPENAI_BASE_URL": "http://elsewhere"}) == "http://127.0.0.1:1/v1"
    assert target.key({"A": "one", "OPENAI_API_KEY": "two"}) == "one"
    assert target.key({"OPENAI_API_KEY": "two"}) is None
    assert target.key_sources == "A"
    assert set(config.known_providers) == {*PROVIDERS, "team-a"}


def test_an_unknown_provider_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownProvider, match=r"known: bedrock, .*openai"):
        Config().target("opnai")


def test_the_sdks_own_variables_are_read() -> None:
    target = Config().target("openai")
    environment = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1/", "OPENAI_API_KEY": "from the environment"}
    assert target.base_url(environment) == "http://127.0.0.1:9/v1"
    assert target.key(environment) == "from the environment"
    assert target.key({"OPENAI_API_KEY": ""}) is None
    assert target.key_sources == "OPENAI_API_KEY"


@pytest.mark.parametrize(("asked", "used"), [(None, 50_000), (10, 10), (1_000_000, 50_000)])
def test_limits_can_be_lowered_but_not_raised(asked: int | None, used: int) -> None:
    config = Config.model_validate({"providers": {"openai": {"max_requests_per_batch": asked}}})
    assert config.target("openai").max_requests == used
    assert config.target("openai").max_bytes == 200_000_000


def test_an_address_that_depends_on_the_account_comes_from_the_environment_or_the_file(
    elsewhere: Path,
) -> None:
    target = load().target("azure")
    assert target.base_url({"AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com/"}) == (
        "https://r.openai.azure.com"
    )
    with pytest.raises(NoAddress, match=r"set AZURE_OPENAI_ENDPOINT, or base_url in \[providers.azure\]"):
        target.base_url({})
    named = load(written(elsewhere, "[providers.azure]\nbase_url = 'http://localhost/'"))
    assert named.target("azure").base_url({}) == "http://localhost"


VERTEX = "[providers.vertex]\nproject = 'a-project'\nlocation = 'us-central1'\n"


def test_settings_of_an_account_come_from_the_file_or_the_environment(elsewhere: Path) -> None:
    target = load(written(elsewhere, f"{VERTEX}staging = 'gs://a-bucket/batches/'")).target("vertex")
    address = "https://us-central1-aiplatform.googleapis.com/v1/projects/a-project/locations/us-central1"
    assert (target.base_url({}), target.staging({})) == (address, "gs://a-bucket/batches")
    without_account = load(written(elsewhere, "[providers.vertex]\nstaging = 'gs://a-bucket'")).target(
        "vertex"
    )
    environment = {"GOOGLE_CLOUD_PROJECT": "a-project", "GOOGLE_CLOUD_LOCATION": "us-central1"}
    assert without_account.base_url(environment) == address
    with pytest.raises(NoAddress, match="GOOGLE_CLOUD_LOCATION: String should match"):
        without_account.base_url({**environment, "GOOGLE_CLOUD_LOCATION": "a/b"})
    assert Config().target("openai").staging({}) == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[providers.vertex]", "No project of 'vertex' .* set GOOGLE_CLOUD_PROJECT, or project in"),
        (
            "[providers.vertex]\nproject = 'p'",
            "No location of 'vertex' .* GOOGLE_CLOUD_LOCATION, or location",
        ),
        (VERTEX, r"No staging of 'vertex' .* BEDROCK_BATCH_STAGING, or staging in \[providers.vertex\] of"),
    ],
)
def test_a_setting_that_is_missing_is_named(elsewhere: Path, text: str, message: str) -> None:
    target = load(written(elsewhere, text)).target("vertex")
    with pytest.raises(NoAddress, match=message):
        target.base_url({})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[providers.openai]\nproject = 'p'", r"providers\.openai\.project: openai has no project"),
        ("[providers.vertex]\nstaging = 's3://a'", r"providers\.vertex\.staging: String should match"),
        ("[providers.vertex]\nlocation = 'a/b'", r"providers\.vertex\.location: String should match"),
    ],
)
def test_a_setting_that_cannot_be_is_named(elsewhere: Path, text: str, message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        load(written(elsewhere, text))


def test_a_section_s_rules_are_those_of_its_models(elsewhere: Path) -> None:
    text = """
[providers.openai.rules."gpt-4o*"]
sampling = "never"
efforts = ["low", "high"]
retires = 2030-01-31
budget = [1, 2]
[providers.openai.rules."gpt-4o-mini"]
sampling = "one"
"""
    target = load(written(elsewhere, text)).target("openai")
    rules = target.rules("gpt-4o-mini")
    assert (rules.sampling, rules.efforts, rules.budget) == ("one", ("low", "high"), (1, 2))
    assert target.retired("gpt-4o-mini", date(2030, 1, 31)) is None
    assert target.retired("gpt-4o-mini", date(2030, 2, 1)) is not None
    assert target.rules("gpt-4.1").sampling == "always"
    assert pickle.loads(pickle.dumps(target.overrides)) == target.overrides
    assert hash(target.overrides)


def test_every_member_of_a_row_that_a_section_can_change_has_the_row_s_type() -> None:
    rows, changes = get_type_hints(ModelRules), get_type_hints(RuleChanges)
    for name, kind in changes.items():
        assert rows[name] in (kind, kind | None), name
    assert rows.keys() - changes.keys() == {"names", "source"}


def test_another_operator_s_server_has_days_of_its_own(elsewhere: Path) -> None:
    text = "[providers.gateway]\nkind = 'openai'\nbase_url = 'http://127.0.0.1:1/v1'"
    assert load(written(elsewhere, text)).target("gateway").retired("o1", date(2030, 1, 1)) is None
