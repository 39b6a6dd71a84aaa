"""Checks that the results are what Bedrock would have written: every record once, in order, and counted."""

import json
from pathlib import Path
from typing import Any

from addon.demo.records import FAILING, Record


def manifest_file(file: Path) -> Path:
    """The manifest of the job with this input, as the program downloads it."""
    return file.with_suffix(".manifest.json.out")


def output_file(file: Path) -> Path:
    """The output of the job with this input, as the program downloads it."""
    return file.with_name(f"{file.name}.out")


def output_rows(file: Path) -> list[dict[str, Any]]:
    """The rows of the job with this input."""
    text = output_file(file).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def problems(file: Path, records: list[Record]) -> list[str]:
    """The problems in the results of a job."""
    missing = [path.name for path in (output_file(file), manifest_file(file)) if not path.exists()]
    if missing:
        return [f"{file.name}: no {' and no '.join(missing)} came home"]
    rows = output_rows(file)
    expected = [record["recordId"] for record in records]
    found = [row["recordId"] for row in rows]
    if found != expected:
        return [f"{file.name}: {len(found)} rows for {len(expected)} records, or not in their order"]
    wrong = [
        f"{file.name}: {record['recordId']}: not what was asked for: {_short(row)}"
        for record, row in zip(records, rows, strict=True)
        if not _fits(record, row)
    ]
    failed = sum(record["recordId"].startswith(FAILING) for record in records)
    manifest = json.loads(manifest_file(file).read_text(encoding="utf-8"))
    counts = {
        "totalRecordCount": len(records),
        "processedRecordCount": len(records),
        "successRecordCount": len(records) - failed,
        "errorRecordCount": failed,
    }
    if not counts.items() <= manifest.items():
        wrong.append(f"{file.name}: the manifest says {manifest}, expected {counts}")
    return wrong


def _fits(record: Record, row: dict[str, Any]) -> bool:
    answer = "error" if record["recordId"].startswith(FAILING) else "modelOutput"
    return row.keys() == {"recordId", "modelInput", answer} and row["modelInput"] == record["modelInput"]


def _short(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)[:300]
