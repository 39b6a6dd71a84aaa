"""The places that a job's records come from: an S3 folder, or a file at the provider."""
