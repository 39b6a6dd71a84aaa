"""A provider, an S3 server and a boto3 program on one machine: the demo, and what the tests run against."""
