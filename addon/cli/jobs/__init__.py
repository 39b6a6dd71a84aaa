"""`bedrock-batch jobs`: shows and stops jobs, their records and errors, for people and for scripts.

A terminal gets tables and progress bars, a pipe gets plain lines, `--json` gets JSON.
"""
