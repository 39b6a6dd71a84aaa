import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from addon.cli.main import application
from tests.addon.cli import programs

COMMANDS = ("proxy", "script", "run", "worker", "demo", "doctor", "translate", "record", "jobs")


def test_version_is_the_installed_one() -> None:
    result = CliRunner().invoke(application, ["--version"])
    assert result.exit_code == 0
    assert result.output == f"bedrock-batch {version('bedrock-batch-proxy')}\n"


def test_help_names_every_command() -> None:
    shown = CliRunner().invoke(application, ["--help"], env={"COLUMNS": "200"}).output
    listed = shown.partition("Commands")[2]
    assert re.findall(r"^\W*([a-z]+)  ", listed, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help(command: str) -> None:
    result = CliRunner().invoke(application, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_help_of_proxy_says_how_to_see_mitmproxys_options() -> None:
    shown = CliRunner().invoke(application, ["proxy", "--help"], env={"COLUMNS": "200"}).output
    assert "--options" in shown
    assert "connection_strategy=lazy" in shown


def test_script_prints_a_file_for_mitmdump() -> None:
    shown = CliRunner().invoke(application, ["script"]).output
    assert Path(shown.strip()).name == "script.py"
    assert Path(shown.strip()).is_file()


def test_proxy_has_one_interface() -> None:
    result = CliRunner().invoke(application, ["proxy", "--web", "--tui"])
    assert result.exit_code == 2
    assert "exclude each other" in result.output


def test_worker_processes_import_nothing_heavy_with_the_main_module() -> None:
    heavy = {"mitmproxy", "boto3", "botocore", "dbos", "sqlalchemy", "obstore", "httpx", "pydantic"}
    for module in ("addon.cli.main", "addon.cli.run_proxy"):
        code = f"import sys, {module}; print(*sys.modules)"
        loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert heavy & set(loaded.stdout.split()) == set(), module


def test_installed_program_and_module_are_the_same(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("bedrock-batch")
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, env=os.environ)
    assert programs.run(["--version"], tmp_path).stdout == shown.stdout
