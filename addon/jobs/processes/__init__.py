"""Work on many records, in worker processes: split the input, join results with it."""
