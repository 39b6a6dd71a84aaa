"""An HTTP server with OpenAI's file and batch API, for the demo and the tests."""
