"""A made-up provider that repeats the last text: this folder and one line in the registry.

`test_new_provider.py` puts both into a copy of the project.
"""
