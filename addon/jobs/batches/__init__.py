"""One provider batch: create it once, poll it, fetch its results, send again what failed."""
