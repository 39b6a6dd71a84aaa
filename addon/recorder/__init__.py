"""`bedrock-batch record`: captured traffic becomes recordings, with secrets redacted."""
