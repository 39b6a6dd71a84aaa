"""Cohere's models under InvokeModel.

`command`: prompts of Command and Command Light; `chat`, `citations`, `tools`: conversations of Command R and
R+; `embed`: Embed v3 and v4.
"""
