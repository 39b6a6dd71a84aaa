"""How a provider is called: HTTP transport, credentials, and which of its models runs a job."""
