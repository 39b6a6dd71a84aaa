"""One module for each revision; its `down_revision` names the one before it."""
