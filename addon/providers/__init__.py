"""Calls of providers: HTTP transport, credentials, and the choice of the model that runs a job."""
