"""Everything that does I/O, one folder for each reason to change."""
