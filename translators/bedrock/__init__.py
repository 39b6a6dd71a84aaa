"""The Bedrock side: jobs, records, model ids, errors, the hub and the dialects of `modelInput`."""
