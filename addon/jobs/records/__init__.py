"""What became of single records: their four documents, their errors in groups, pages of them, an export."""
