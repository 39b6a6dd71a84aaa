BEGIN TRANSACTION;
CREATE TABLE application_versions (
    version_id TEXT NOT NULL PRIMARY KEY,
    version_name TEXT NOT NULL UNIQUE,
    version_timestamp INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000),
    created_at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000)
, "application_name" TEXT DEFAULT NULL);
INSERT INTO "application_versions" VALUES('ab224e4b-b6fb-4369-9481-42c28b1ec1c1','1',1796012193153,1796012193153,'bedrock-batch');
CREATE TABLE batches (
	job_id VARCHAR(12) NOT NULL, 
	shard INTEGER NOT NULL, 
	round INTEGER NOT NULL, 
	input_id TEXT, 
	intended DATETIME, 
	batch_id TEXT, 
	adopted BOOLEAN NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	raw_status VARCHAR(64), 
	succeeded INTEGER NOT NULL, 
	failed INTEGER NOT NULL, 
	asked_again INTEGER NOT NULL, 
	result_files JSON NOT NULL, 
	saved JSON, 
	PRIMARY KEY (job_id, shard, round), 
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
INSERT INTO "batches" VALUES('abcdefghij12',0,0,'file-d0629c82695228f49d221670','2026-11-30 04:16:37.360217','batch_000001fe7b2af1c7867d6bc0285174',0,'running','validating',0,0,0,'[]',NULL);
CREATE TABLE dbos_migrations (version INTEGER NOT NULL PRIMARY KEY);
INSERT INTO "dbos_migrations" VALUES(125);
CREATE TABLE job_keys (
	job_id VARCHAR(12) NOT NULL, 
	encrypted BLOB NOT NULL, 
	PRIMARY KEY (job_id), 
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE TABLE jobs (
	id VARCHAR(12) NOT NULL, 
	arn VARCHAR(1011) NOT NULL, 
	name VARCHAR(63) NOT NULL, 
	provider VARCHAR(64) NOT NULL, 
	model VARCHAR(2048) NOT NULL, 
	kind VARCHAR(64) NOT NULL, 
	endpoint VARCHAR(64), 
	mode VARCHAR(16) NOT NULL, 
	fallbacks JSON NOT NULL, 
	refusals JSON NOT NULL, 
	attempt INTEGER NOT NULL, 
	request JSON NOT NULL, 
	region VARCHAR(20) NOT NULL, 
	account VARCHAR(12) NOT NULL, 
	client_request_token VARCHAR(256), 
	fingerprint VARCHAR(64) NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	message TEXT, 
	waiting TEXT, 
	stop_requested BOOLEAN NOT NULL, 
	submitted DATETIME NOT NULL, 
	modified DATETIME NOT NULL, 
	ended DATETIME, 
	deadline DATETIME NOT NULL, 
	total BIGINT NOT NULL, 
	succeeded BIGINT NOT NULL, 
	failed BIGINT NOT NULL, 
	input_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	inputs JSON NOT NULL, 
	report JSON NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (arn)
);
INSERT INTO "jobs" VALUES('abcdefghij12','arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abcdefghij12','nightly','openai','gpt-4o-mini','openai',NULL,'batch','[]','[]',0,'{"jobName": "nightly", "roleArn": "arn:aws:iam::123456789012:role/r", "modelId": "anthropic.claude-3-haiku-20240307-v1:0", "modelInvocationType": "Converse", "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://a-bucket/in/"}}, "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://a-bucket/out"}}}','us-east-1','123456789012',NULL,'7c710bd9c8a4e148b22feca4586c3c3c8bac7b2b14e6e7669417dc98eb067722','InProgress',NULL,NULL,0,'2026-11-30 04:16:33.490517','2026-11-30 04:16:38.325066',NULL,'2026-11-30 05:16:33.490517',3,0,0,0,0,'[{"key": "in/a.jsonl", "size": 314, "etag": "\"41f99905fd1689de4e2a47db11168cbe\"", "records": 3}]','{}');
CREATE TABLE notifications (
    message_uuid TEXT NOT NULL DEFAULT (hex(randomblob(16))) PRIMARY KEY,
    destination_uuid TEXT NOT NULL,
    topic TEXT,
    message TEXT NOT NULL,
    created_at_epoch_ms INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000), "serialization" TEXT DEFAULT NULL, "consumed" BOOLEAN NOT NULL DEFAULT FALSE, consumed_by_function_id INTEGER,
    FOREIGN KEY (destination_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE "operation_outputs" (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    function_name TEXT NOT NULL DEFAULT '',
    output TEXT,
    error TEXT,
    child_workflow_id TEXT,
    started_at_epoch_ms INTEGER,
    completed_at_epoch_ms INTEGER,
    serialization TEXT,
    application_name TEXT DEFAULT NULL,
    retention_timestamp INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000),
    PRIMARY KEY (workflow_uuid, function_id)
);
INSERT INTO "operation_outputs" VALUES('abcdefghij12',1,'prepare','gARLAS4=',NULL,NULL,1796012194403,1796012196568,'py_pickle','bedrock-batch',1796012196594);
INSERT INTO "operation_outputs" VALUES('abcdefghij12',2,'run_shard',NULL,NULL,'abcdefghij12-0-0',1796012196640,1796012196663,NULL,'bedrock-batch',1796012196666);
INSERT INTO "operation_outputs" VALUES('abcdefghij12-0-0',1,'send','gASILg==',NULL,NULL,1796012196791,1796012197396,'py_pickle','bedrock-batch',1796012197398);
CREATE TABLE queues (
    queue_id TEXT PRIMARY KEY DEFAULT (hex(randomblob(16))),
    name TEXT NOT NULL UNIQUE,
    concurrency INTEGER,
    worker_concurrency INTEGER,
    rate_limit_max INTEGER,
    rate_limit_period_sec REAL,
    priority_enabled BOOLEAN NOT NULL DEFAULT FALSE,
    partition_queue BOOLEAN NOT NULL DEFAULT FALSE,
    polling_interval_sec REAL NOT NULL DEFAULT 1.0,
    created_at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000)
, "application_name" TEXT DEFAULT NULL, "partition_concurrency" INTEGER DEFAULT NULL, "partition_worker_concurrency" INTEGER DEFAULT NULL, "partition_rate_limit_max" INTEGER DEFAULT NULL, "partition_rate_limit_period_sec" REAL DEFAULT NULL);
INSERT INTO "queues" VALUES('3F42F3B34952030F5C8D63C7EA7C665D','jobs',NULL,NULL,NULL,NULL,1,0,0.05,1796012193334,1796012193302,'bedrock-batch',NULL,NULL,NULL,NULL);
INSERT INTO "queues" VALUES('619415CCC8D2C24FABFC96B55F99D6ED','shards',NULL,256,NULL,NULL,1,0,0.05,1796012193385,1796012193370,'bedrock-batch',NULL,NULL,NULL,NULL);
CREATE TABLE shards (
	job_id VARCHAR(12) NOT NULL, 
	number INTEGER NOT NULL, 
	first_record BIGINT NOT NULL, 
	records INTEGER NOT NULL, 
	"group" TEXT NOT NULL, 
	leads BOOLEAN NOT NULL, 
	lines INTEGER NOT NULL, 
	object INTEGER NOT NULL, 
	"offset" BIGINT NOT NULL, 
	line_number BIGINT NOT NULL, 
	succeeded INTEGER NOT NULL, 
	failed INTEGER NOT NULL, 
	input_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	joined BOOLEAN NOT NULL, 
	left_out INTEGER NOT NULL, 
	refusal TEXT, 
	refusal_code INTEGER, 
	PRIMARY KEY (job_id, number), 
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
INSERT INTO "shards" VALUES('abcdefghij12',0,0,3,'/v1/chat/completions',1,3,0,0,1,0,0,0,0,0,0,NULL,NULL);
CREATE TABLE streams (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    "offset" INTEGER NOT NULL, function_id INTEGER NOT NULL DEFAULT 0, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key, "offset"),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE tags (
	job_id VARCHAR(12) NOT NULL, 
	"key" VARCHAR(128) NOT NULL, 
	value VARCHAR(256) NOT NULL, 
	PRIMARY KEY (job_id, "key"), 
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE TABLE tokens (
	account VARCHAR(12) NOT NULL, 
	region VARCHAR(20) NOT NULL, 
	token VARCHAR(256) NOT NULL, 
	job_id VARCHAR(12) NOT NULL, 
	PRIMARY KEY (account, region, token), 
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE TABLE workflow_events (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_events_history (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, function_id, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid)
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_input (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    inputs TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000)
);
INSERT INTO "workflow_input" VALUES('abcdefghij12','gASVKAAAAAAAAAB9lCiMBGFyZ3OUjAxhYmNkZWZnaGlqMTKUhZSMBmt3YXJnc5R9lHUu',1796012193814);
INSERT INTO "workflow_input" VALUES('abcdefghij12-0-0','gASVKgAAAAAAAAB9lCiMBGFyZ3OUjAxhYmNkZWZnaGlqMTKUSwCGlIwGa3dhcmdzlH2UdS4=',1796012196663);
CREATE TABLE workflow_output (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    output TEXT,
    error TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000)
);
CREATE TABLE workflow_schedules (
    schedule_id TEXT PRIMARY KEY,
    schedule_name TEXT NOT NULL UNIQUE,
    workflow_name TEXT NOT NULL,
    workflow_class_name TEXT,
    schedule TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'ACTIVE',
    context TEXT NOT NULL
, "last_fired_at" TEXT DEFAULT NULL, "automatic_backfill" BOOLEAN NOT NULL DEFAULT FALSE, "cron_timezone" TEXT DEFAULT NULL, "queue_name" TEXT DEFAULT NULL, "application_name" TEXT DEFAULT NULL);
CREATE TABLE workflow_status (
    workflow_uuid TEXT PRIMARY KEY,
    status TEXT,
    name TEXT,
    authenticated_user TEXT,
    assumed_role TEXT,
    authenticated_roles TEXT,
    request TEXT,
    output TEXT,
    error TEXT,
    executor_id TEXT,
    created_at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000),
    application_version TEXT,
    application_id TEXT,
    class_name TEXT DEFAULT NULL,
    config_name TEXT DEFAULT NULL,
    recovery_attempts INTEGER DEFAULT 0,
    queue_name TEXT,
    workflow_timeout_ms INTEGER,
    workflow_deadline_epoch_ms INTEGER,
    inputs TEXT,
    started_at_epoch_ms INTEGER,
    deduplication_id TEXT,
    priority INTEGER NOT NULL DEFAULT 0
, queue_partition_key TEXT, forked_from TEXT, "owner_xid" TEXT DEFAULT NULL, "parent_workflow_id" TEXT DEFAULT NULL, "serialization" TEXT DEFAULT NULL, "delay_until_epoch_ms" BIGINT DEFAULT NULL, "was_forked_from" BOOLEAN NOT NULL DEFAULT FALSE, "rate_limited" BOOLEAN NOT NULL DEFAULT FALSE, "completed_at" BIGINT, "attributes" TEXT, "schedule_name" TEXT, "debounce_deadline_epoch_ms" BIGINT DEFAULT NULL, "is_debounced" BOOLEAN NOT NULL DEFAULT FALSE, "application_name" TEXT DEFAULT NULL, "creator_xid" TEXT DEFAULT NULL);
INSERT INTO "workflow_status" VALUES('abcdefghij12','PENDING','run_job',NULL,NULL,NULL,NULL,NULL,NULL,'local',1796012193813,1796012194359,'1','',NULL,NULL,1,'jobs',NULL,NULL,NULL,1796012194359,NULL,0,NULL,NULL,'83d5293e-ef8b-4cab-bf67-f80487e5b96d',NULL,'py_pickle',NULL,0,0,NULL,'null',NULL,NULL,0,'bedrock-batch','22ca3f73-ea28-465a-a693-0d1a77a62ef0');
INSERT INTO "workflow_status" VALUES('abcdefghij12-0-0','PENDING','run_shard',NULL,NULL,NULL,NULL,NULL,NULL,'local',1796012196662,1796012196766,'1','',NULL,NULL,1,'shards',NULL,NULL,NULL,1796012196766,NULL,0,NULL,NULL,'534c9aba-5625-4402-a572-b33ebb0127db','abcdefghij12','py_pickle',NULL,0,0,NULL,'null',NULL,NULL,0,'bedrock-batch','204f2038-7bf6-4ea1-8b56-a17d57a287b4');
CREATE INDEX ix_jobs_name ON jobs (name);
CREATE INDEX jobs_as_listed ON jobs (provider, submitted, id);
CREATE INDEX ix_jobs_status ON jobs (status);
CREATE INDEX workflow_status_created_at_index ON workflow_status (created_at);
CREATE INDEX idx_workflow_topic ON notifications (destination_uuid, topic);
CREATE INDEX "idx_workflow_status_delayed" ON "workflow_status" ("delay_until_epoch_ms") WHERE status = 'DELAYED';
CREATE INDEX "idx_workflow_status_forked_from" ON "workflow_status" ("forked_from") WHERE "forked_from" IS NOT NULL;
CREATE INDEX "idx_workflow_status_parent_workflow_id" ON "workflow_status" ("parent_workflow_id") WHERE "parent_workflow_id" IS NOT NULL;
CREATE UNIQUE INDEX "uq_workflow_status_dedup_id" ON "workflow_status" ("queue_name", "deduplication_id") WHERE "deduplication_id" IS NOT NULL;
CREATE INDEX "idx_workflow_status_pending" ON "workflow_status" ("created_at") WHERE "status" = 'PENDING';
CREATE INDEX "idx_workflow_status_failed" ON "workflow_status" ("status", "created_at") WHERE "status" IN ('ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED');
CREATE INDEX "idx_workflow_status_rate_limited" ON "workflow_status" ("queue_name", "started_at_epoch_ms") WHERE "rate_limited" = TRUE;
CREATE INDEX "idx_workflow_status_completed_at" ON "workflow_status" ("completed_at") WHERE "completed_at" IS NOT NULL;
CREATE INDEX "idx_workflow_status_started_at" ON "workflow_status" ("started_at_epoch_ms") WHERE "started_at_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_workflow_status_schedule_name" ON "workflow_status" ("schedule_name") WHERE "schedule_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_owner_version"
    ON application_versions ("application_name", "version_name")
    WHERE "application_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_unclaimed_version"
    ON application_versions ("version_name")
    WHERE "application_name" IS NULL;
CREATE INDEX idx_workflow_input_retention
    ON workflow_input (retention_timestamp);
CREATE INDEX idx_workflow_output_retention
    ON workflow_output (retention_timestamp);
CREATE INDEX idx_operation_outputs_retention
    ON operation_outputs (retention_timestamp);
CREATE INDEX "idx_workflow_status_in_flight_v2" ON "workflow_status" ("queue_name", "status", "priority", "created_at", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING');
CREATE INDEX "idx_workflow_status_partition_dequeue_v3" ON "workflow_status" ("queue_name", "status", "queue_partition_key", "priority", "created_at", "workflow_uuid", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING') AND "queue_partition_key" IS NOT NULL;
CREATE INDEX "idx_operation_outputs_completed_at_function_name_v2" ON "operation_outputs" ("completed_at_epoch_ms", "function_name", "application_name");
CREATE INDEX "idx_workflow_status_deadline" ON "workflow_status" ("workflow_deadline_epoch_ms") WHERE "status" IN ('ENQUEUED', 'PENDING', 'DELAYED') AND "workflow_deadline_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_application_versions_timestamp" ON "application_versions" ("version_timestamp" DESC);
CREATE INDEX "idx_application_versions_owner_timestamp" ON "application_versions" ("application_name", "version_timestamp" DESC);
COMMIT;
