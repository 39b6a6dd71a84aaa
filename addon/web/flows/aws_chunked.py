"""Bodies of S3 uploads without the frames that AWS's SDKs put around them (`aws-chunked`)."""

import re

MOST = 512 * 1024
"""Bytes of a body that are looked at."""
_FRAME = re.compile(rb"([0-9a-fA-F]{1,8})(?:;chunk-signature=[0-9a-f]{64})?\r\n")


def without_frames(data: bytes) -> bytes:
    """The beginning of an upload's content; of a body without frames, all of it."""
    frame = _FRAME.match(data)
    if frame is None:
        return data
    content = bytearray()
    while frame is not None and frame.end() < MOST:
        size = int(frame[1], 16)
        if size == 0:
            break
        content += data[frame.end() : frame.end() + min(size, MOST)]
        frame = _FRAME.match(data, frame.end() + size + 2)
    return bytes(content)
