"""Cohere's models under InvokeModel.

`command` has the prompts of Command and Command Light, `chat` the conversations of Command R and R+ and
`citations` where their documents go and come back, `embed` the vectors of Embed v3 and v4.
"""
