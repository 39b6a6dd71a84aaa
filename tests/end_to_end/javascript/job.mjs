// A batch program with the JavaScript SDK, which reads no proxy variables.

import {
  BedrockClient,
  CreateModelInvocationJobCommand,
  GetModelInvocationJobCommand,
  ListModelInvocationJobsCommand,
  StopModelInvocationJobCommand,
} from "@aws-sdk/client-bedrock";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

const [bucket, roleArn, modelId] = process.argv.slice(2);
const s3 = new S3Client({ forcePathStyle: true });
const bedrock = new BedrockClient({ maxAttempts: 1 });

const body = { anthropic_version: "bedrock-2023-05-31", max_tokens: 64, messages: [{ role: "user", content: "Hi" }] };
const line = JSON.stringify({ recordId: "REC00000000", modelInput: body });
await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "in.jsonl", Body: `${line}\n` }));

const { jobArn } = await bedrock.send(
  new CreateModelInvocationJobCommand({
    jobName: "from-javascript",
    roleArn,
    modelId,
    inputDataConfig: { s3InputDataConfig: { s3Uri: `s3://${bucket}/in.jsonl` } },
    outputDataConfig: { s3OutputDataConfig: { s3Uri: `s3://${bucket}/out/` } },
  }),
);

let job;
do {
  await new Promise((resolve) => setTimeout(resolve, 100));
  job = await bedrock.send(new GetModelInvocationJobCommand({ jobIdentifier: jobArn }));
} while (!["Completed", "Failed", "Stopped", "PartiallyCompleted", "Expired"].includes(job.status));

const listed = await bedrock.send(new ListModelInvocationJobsCommand({ nameContains: "from-javascript" }));
let stop;
try {
  await bedrock.send(new StopModelInvocationJobCommand({ jobIdentifier: jobArn }));
} catch (error) {
  stop = { name: error.name, message: error.message };
}

const key = `out/${jobArn.split("/").pop()}/in.jsonl.out`;
const output = await (await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))).Body.transformToString();
console.log(
  JSON.stringify({
    status: job.status,
    ended: job.endTime instanceof Date,
    listed: listed.invocationJobSummaries.map((summary) => summary.jobArn === jobArn),
    stop,
    row: JSON.parse(output),
  }),
);
