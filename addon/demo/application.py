"""A batch program with boto3, as it is written for Bedrock: without a proxy or another provider in mind."""

import sys
import time
from pathlib import Path
from typing import Any

import boto3

ROLE = "arn:aws:iam::123456789012:role/batch"
BUCKET = "demo-bucket"
OVER = {"Completed", "Failed", "Stopped", "PartiallyCompleted", "Expired"}
JOBS: dict[str, dict[str, str]] = {
    "claude.jsonl": {"modelId": "anthropic.claude-3-haiku-20240307-v1:0"},
    "converse.jsonl": {"modelId": "us.amazon.nova-pro-v1:0", "modelInvocationType": "Converse"},
}


def main(folder: Path) -> None:
    s3 = boto3.client("s3")
    bedrock = boto3.client("bedrock")
    s3.create_bucket(Bucket=BUCKET)
    running = {name: create(s3, bedrock, folder / name) for name in JOBS}
    while running:
        for name, arn in [*running.items()]:
            job = bedrock.get_model_invocation_job(jobIdentifier=arn)
            counts = f"{job['processedRecordCount']}/{job['totalRecordCount']}"
            print(name, job["status"], counts, arn, job.get("message", ""), flush=True)
            if job["status"] in OVER:
                del running[name]
            if job["status"] == "Completed":
                download(s3, folder, name, arn)
        time.sleep(0.2)


def create(s3: Any, bedrock: Any, file: Path) -> str:
    s3.upload_file(str(file), BUCKET, f"input/{file.name}")
    response = bedrock.create_model_invocation_job(
        jobName=file.stem,
        roleArn=ROLE,
        inputDataConfig={"s3InputDataConfig": {"s3Uri": f"s3://{BUCKET}/input/{file.name}"}},
        outputDataConfig={"s3OutputDataConfig": {"s3Uri": f"s3://{BUCKET}/output/"}},
        **JOBS[file.name],
    )
    arn: str = response["jobArn"]
    return arn


def download(s3: Any, folder: Path, name: str, arn: str) -> None:
    job_id = arn.rsplit("/", 1)[1]
    s3.download_file(BUCKET, f"output/{job_id}/{name}.out", str(folder / f"{name}.out"))
    manifest = folder / name.replace(".jsonl", ".manifest.json.out")
    s3.download_file(BUCKET, f"output/{job_id}/manifest.json.out", str(manifest))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
