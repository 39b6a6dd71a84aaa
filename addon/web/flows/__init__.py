"""Flows of jobs: how they are marked, and those that are made to show something."""
