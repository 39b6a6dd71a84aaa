"""Content views for mitmproxy."""
