"""Error responses of Mistral's API (Mistral: resources/error-glossary).

The documented form is flat, `{"object": "error", "message", "type", "param", "code"}`. A wrong key gets
`{"detail": "Invalid API Key"}` (seen on the live API), and what fails validation a list of errors under
`detail` (mistralai 3.7: models/validationerror.py), which may also stand in the place of the message.
"""

from translators.providers.api_responses import ResponseReader, error_of

READER = ResponseReader(error_of)
