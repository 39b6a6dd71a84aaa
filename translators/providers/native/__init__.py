"""What the translations of bodies that are in a provider's own format already have in common."""
