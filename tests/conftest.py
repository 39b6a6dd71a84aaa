"""What every test shares."""

from hypothesis import settings

# The time of one example says nothing on a machine that others use too.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")
