"""The mitmproxy addon: hooks, options, routing, and the responses to Bedrock's operations."""
