"""Rules of models: what a request may hold for each, how a request is fitted, and when a model retires."""
