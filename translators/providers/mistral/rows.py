"""Rows of a batch's output, which have OpenAI's form.

Mistral: studio-api/batch-processing shows rows that succeeded; no page shows one of the error file. Those are
taken to have the same form with another status, the reason in the body or under `error`.
"""

from translators.providers.chat_completions.rows import body_of, receipt, without_answer

__all__ = ["body_of", "receipt", "without_answer"]
