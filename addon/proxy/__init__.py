"""What mitmproxy calls: hooks, options, routing, and the responses to Bedrock's operations."""
