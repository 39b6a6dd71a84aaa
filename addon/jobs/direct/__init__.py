"""Jobs without a batch API: their records are sent one by one, and each answer is stored."""
