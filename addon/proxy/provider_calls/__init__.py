"""Calls to providers that are made in the caller's own flow, so that mitmproxy shows both sides."""
