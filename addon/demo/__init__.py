"""`bedrock-batch demo`: the whole path on one machine, with a real S3 server and a boto3 program."""
