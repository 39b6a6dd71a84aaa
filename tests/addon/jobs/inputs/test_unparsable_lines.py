"""Lines that no parser takes: errors of their records, not of the job."""

import json
from typing import Any

from tests.addon.jobs.job_setup import CONVERSE, JOB, Setup, rows, run
from translators.bedrock.records import LONGEST_LINE


async def test_lines_that_no_parser_takes_are_errors_of_their_records(setup: Setup, bucket: Any) -> None:
    deep = b'{"recordId":"deep","modelInput":{"a":%b}}' % (b"[" * 100_000 + b"]" * 100_000)
    long = b'{"modelInput":{"image":"%b"},"recordId":"long"}' % (b"A" * LONGEST_LINE)
    good = json.dumps({"recordId": "good", "modelInput": CONVERSE}).encode()
    bucket.put_object(Key="in/a.jsonl", Body=b"\n".join([good, deep, long, good]))
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 2, 2)
    found = rows(bucket, f"out/{JOB}/a.jsonl.out")
    assert [row["recordId"] for row in found] == ["good", "deep", "long", "good"]
    assert [row["modelInput"] for row in found] == [CONVERSE, {}, {}, CONVERSE]
    assert [row["error"] for row in found if "error" in row] == [
        {"errorCode": 400, "errorMessage": f"modelInput: {why}; it is left out of this row"}
        for why in ("is nested too deeply", "the line has more than 26,000,000 bytes")
    ]
