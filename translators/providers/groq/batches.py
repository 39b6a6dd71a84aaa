"""Groq's files and batches: OpenAI's, whose files have no expiry of their own (groq 1.7:
types/file_create_params.py)."""

from dataclasses import replace
from functools import partial

from translators.providers import uploaded_files

upload = replace(uploaded_files.FILES, expires=False).upload
create = partial(uploaded_files.create, expires=False)
find = uploaded_files.find
retrieve = uploaded_files.retrieve
cancel = uploaded_files.cancel
results = uploaded_files.results
delete = uploaded_files.delete
