"""What every test shares."""

from hypothesis import settings

# The time of one example says nothing on a machine that others use too.
settings.register_profile("shared machine", deadline=None)
# pytest --hypothesis-profile=nightly --timeout=0
settings.register_profile("nightly", deadline=None, max_examples=10_000)
settings.load_profile("shared machine")
