"""The engine that runs a job, from its input to its output in S3, and the database of jobs."""
