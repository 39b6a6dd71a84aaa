"""Decoding of what providers answer: labels of any kind, content in parts, stop reasons, error bodies."""
