"""Objects in S3 and Cloud Storage: list, download, upload."""
