"""The dashboard: pages about jobs and their records, in mitmweb or on a port of their own."""
