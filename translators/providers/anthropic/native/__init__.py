"""Bodies that are in Anthropic's own format already, and their answers."""
