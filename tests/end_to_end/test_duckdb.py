"""DuckDB reads the output of a job: from S3 with its `httpfs` extension, and from a copy."""

from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pytest

from tests.end_to_end.harness import Bucket, Client, claude, ended, job_id, jsonl

FAILS = "please fail"
QUERY = """
SELECT recordId AS id, modelOutput.content[1].text AS text, modelOutput.usage.output_tokens AS tokens,
       error.errorCode AS code
FROM read_json(?, format = 'newline_delimited') ORDER BY recordId
"""


@pytest.fixture
def output(routed: Client, bucket: Bucket) -> str:
    """The key of a finished job's output: of three records, the last has failed."""
    records = [claude(0, "one\u2028two"), claude(1), claude(2, FAILS)]
    uri = bucket.put("in.jsonl", jsonl(records))
    arn = routed.create_model_invocation_job(**bucket.request(uri))["jobArn"]
    assert ended(routed, arn)["status"] == "Completed"
    return f"out/{job_id(arn)}/in.jsonl.out"


def check(database: duckdb.DuckDBPyConnection, place: str) -> None:
    rows = database.execute(QUERY, [place]).fetchall()
    assert [row[0] for row in rows] == [claude(number)["recordId"] for number in range(3)]
    assert all(text and tokens > 0 and code is None for _, text, tokens, code in rows[:2])
    assert rows[2][1:] == (None, None, 400)


def test_duckdb_reads_the_output(output: str, bucket: Bucket, tmp_path: Path) -> None:
    copy = tmp_path / "in.jsonl.out"
    copy.write_bytes(bucket.get(output))
    with duckdb.connect() as database:
        check(database, str(copy))


def test_duckdb_reads_the_output_from_s3(output: str, bucket: Bucket, s3_url: str) -> None:
    with duckdb.connect() as database:
        extension = (
            files("duckdb_extension_httpfs") / f"extensions/v{duckdb.__version__}/httpfs.duckdb_extension"
        )
        database.execute(f"LOAD '{extension}'")
        database.execute(
            "CREATE SECRET (TYPE s3, KEY_ID 'k', SECRET 's', URL_STYLE 'path', USE_SSL false, "
            f"ENDPOINT '{urlsplit(s3_url).netloc}')"
        )
        check(database, bucket.uri(output))
