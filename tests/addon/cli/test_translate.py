"""`bedrock-batch translate`, in processes of its own."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from addon.cli.translate import JOB
from tests.addon.cli import programs
from tests.waiting import PATIENCE, wait_until

CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
CONFIG = '[providers.openai.models]\n"anthropic.claude-3-haiku-*" = "gpt-5.4-mini"\n'
BODY = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 5,
    "messages": [{"role": "user", "content": "Hi"}],
}


def a_record(record_id: str = "R1", **members: object) -> str:
    return json.dumps({"recordId": record_id, "modelInput": {**BODY, **members}})


def written(folder: Path, lines: Iterable[str], name: str = "in.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def translate(
    folder: Path,
    *arguments: str,
    model: str = "gpt-5.4-mini",
    to: str = "openai",
    stdin: str = "",
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        programs.command("translate", "--model", model, "--to", to, *arguments),
        cwd=folder,
        env=programs.environment(folder),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_lines_are_what_would_be_uploaded(tmp_path: Path) -> None:
    done = translate(tmp_path, stdin=f"{a_record()}\n\n{a_record('R2', max_tokens=6)}")
    assert done.returncode == 0
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {
            "custom_id": f"{JOB}-{index}",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {
                "model": "gpt-5.4-mini",
                "messages": [{"role": "user", "content": "Hi"}],
                "max_completion_tokens": 5 + index,
            },
        }
        for index in range(2)
    ]
    assert done.stderr == "2 records: 2 lines for openai, gpt-5.4-mini\n"


def test_model_and_limits_are_those_of_the_configuration(tmp_path: Path) -> None:
    written(tmp_path, [CONFIG], "bedrock-batch.toml")
    assert '"model":"gpt-5.4-mini"' in translate(tmp_path, stdin=a_record(), model=CLAUDE).stdout
    small = written(tmp_path, ["[providers.openai]", "max_bytes_per_batch = 50"], "small.toml")
    done = translate(tmp_path, "--config", str(small), stdin=a_record())
    assert (done.returncode, done.stdout) == (0, "")
    assert "line 1, R1: modelInput: is 177 bytes as a line for the provider" in done.stderr
    assert "1 record: 0 lines for openai, gpt-5.4-mini; 1 cannot be sent" in done.stderr


def test_a_section_s_rules_of_a_model_hold_in_worker_processes_too(tmp_path: Path) -> None:
    """An input of several blocks is translated by worker processes."""
    (tmp_path / "bedrock-batch.toml").write_text(
        CONFIG + '[providers.openai.rules."gpt-5.4*"]\nsampling = "never"\n', encoding="utf-8"
    )
    records = [
        json.loads(a_record(f"R{number}", temperature=0.5, system="x" * 400)) for number in range(1500)
    ]
    done = translate(tmp_path, stdin="".join(f"{json.dumps(record)}\n" for record in records), model=CLAUDE)
    lines = done.stdout.splitlines()
    assert len(lines) == 1500
    assert not any("temperature" in line for line in lines)
    assert "dropped inferenceConfig.temperature" in done.stderr


def test_a_section_is_a_provider_of_its_kind_and_endpoint(tmp_path: Path) -> None:
    section = ["[providers.team-a]", 'kind = "openai"', 'endpoint = "responses"']
    written(tmp_path, section, "bedrock-batch.toml")
    done = translate(tmp_path, stdin=a_record(), to="team-a")
    assert json.loads(done.stdout)["url"] == "/v1/responses"


def test_a_provider_is_written_as_in_the_header(tmp_path: Path) -> None:
    assert translate(tmp_path, stdin=a_record(), to=" OpenAI ").stderr.endswith("for openai, gpt-5.4-mini\n")
    written(tmp_path, ["[providers.Team-A]", 'kind = "openai"'], "bedrock-batch.toml")
    for name, known in (("team-a", "Team-A"), ("TEAM-A\t", "Team-A"), ("OPENAI", "openai")):
        done = translate(tmp_path, stdin=a_record(), to=name)
        assert done.stderr == f"1 record: 1 line for {known}, gpt-5.4-mini\n"


def test_type_says_the_dialect(tmp_path: Path) -> None:
    body = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    line = json.dumps({"modelInput": body})
    done = translate(tmp_path, "--type", "converse", stdin=line, model="openai.gpt-oss-20b-1:0", to="gemini")
    assert done.returncode == 1  # Gemini runs no gpt-oss
    done = translate(tmp_path, "--type", "Converse", stdin=line)
    assert json.loads(done.stdout)["body"]["messages"] == [{"role": "user", "content": "Hi"}]


def test_refused_records_are_named_by_line_and_do_not_change_the_exit_code(tmp_path: Path) -> None:
    video = {"messages": [{"role": "user", "content": [{"type": "video"}]}]}
    done = translate(tmp_path, stdin=f"{a_record()}\n{a_record('R2', **video)}\n{a_record('R3', top_k=5)}\n")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    refusal, note, summary = done.stderr.splitlines()
    assert refusal.startswith("line 2, R2: messages[0].content[0].type: ")
    assert note.startswith("dropped additionalModelRequestFields.top_k (")
    assert note.endswith("): 1 record, first on line 3")
    assert summary == "3 records: 2 lines for openai, gpt-5.4-mini; 1 cannot be sent"


@pytest.mark.parametrize(
    ("stdin", "said"),
    [
        (f"{a_record()}\n[]\n", "standard input, line 2: is not a record: "),
        ("\n \n", "standard input holds no record"),
        ("", "standard input holds no record"),
    ],
)
def test_what_would_fail_the_job_ends_it(tmp_path: Path, stdin: str, said: str) -> None:
    done = translate(tmp_path, "--out", "out.jsonl", stdin=stdin)
    assert done.returncode == 1
    assert done.stderr.startswith(f"bedrock-batch: {said}")
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "nobody"], "'nobody' is not a known provider; known: anthropic, "),
        (["--model", ""], "--model is empty: give the job's modelId"),
        (["--model", CLAUDE], 'set [providers.openai.models] "'),
        (["--config", "missing.toml"], "missing.toml: "),
        (["missing.jsonl"], "missing.jsonl: No such file or directory"),
        (["--out", "no/such/folder"], "no/such/folder: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = translate(tmp_path, *arguments, stdin=a_record())
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith("bedrock-batch: ")
    assert said in done.stderr


@pytest.mark.parametrize(
    "arguments", [["--check", "--results", "r"], ["--check", "--out", "o"], ["--json"], ["--type", "Chat"]]
)
def test_options_that_exclude_each_other_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    assert translate(tmp_path, *arguments).returncode == 2


def test_many_blocks_come_out_in_order_with_blank_lines_between(tmp_path: Path) -> None:
    text = "x" * 1000
    lines = [a_record(f"R{number}", system=f"{number} {text}") for number in range(2000)]
    blank = [line for pair in zip(lines, [""] * 2000, strict=True) for line in pair]
    source = written(tmp_path, [*blank[:2000], *lines[1000:]])
    done = translate(tmp_path, str(source), "--out", "out.jsonl")
    assert done.returncode == 0
    sent = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["custom_id"] for line in sent] == [f"{JOB}-{number}" for number in range(2000)]
    numbers = [line["body"]["messages"][0]["content"].split()[0] for line in sent]
    assert numbers == [str(number) for number in range(2000)]


def test_a_reader_that_leaves_early_is_no_error_to_shout_about(tmp_path: Path) -> None:
    source = written(tmp_path, [a_record(system="x" * 1000)] * 5000)
    with subprocess.Popen(
        programs.command("translate", str(source), "--model", "gpt-5.4-mini", "--to", "openai"),
        env=programs.environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"custom_id"')
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_a_terminal_gets_a_bar_and_the_summary(tmp_path: Path) -> None:
    source = written(tmp_path, [a_record(system="x" * 1000)] * 2000)
    arguments = ["translate", str(source), "--model", "gpt-5.4-mini", "--to", "openai", "--out", "out.jsonl"]
    with programs.on_terminal(arguments, tmp_path) as terminal:
        wait_until(lambda: "2,000 lines for openai" in terminal.shown())
        assert "MB" in terminal.shown()
        assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" in terminal.shown()


def test_nothing_that_only_calls_need_is_loaded() -> None:
    code = (
        "import sys; from addon.cli import translate; from translators.providers.registry import PROVIDERS;"
        "print([translate.target_of('gemini-4-argon', name, 'InvokeModel', '') for name in PROVIDERS]);"
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(loaded.stdout.splitlines()[-1].split())
    assert {"translators.providers.openai.provider", "translators.providers.xai.provider"} <= modules
    assert {"httpx", "pydantic", "sqlalchemy", "mitmproxy", "rich", "boto3"} & modules == set()


def test_what_was_put_off_works_when_it_is_used() -> None:
    code = (
        "from translators.providers.registry import PROVIDERS;"
        "print(*(callable(row.batches.create) for row in PROVIDERS.values()))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(shown.stdout.split()) == {"True"}
