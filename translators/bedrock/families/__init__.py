"""The dialects of `modelInput` and `modelOutput`, each to and from the hub."""
