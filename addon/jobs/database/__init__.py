"""The database of jobs: its tables, what reads and writes them, and their earlier versions."""
