"""Fireworks AI: records as chat completions, jobs as batch inference jobs over datasets (Fireworks:
guides/batch-inference, api-reference).

`chat` (what lines differ in: they name no model), `rows` (result rows, without a status), `batches` (datasets
and jobs), `direct` (records one by one).
"""
