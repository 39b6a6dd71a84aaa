"""The processes that share a job database: who they are, who is alive, and who takes over from whom."""
