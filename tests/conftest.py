"""What every test shares."""

import os
import signal

import pytest
from hypothesis import settings

# A proxy starts in half of the time when its bytecode is kept; tests start hundreds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as where a script runs the tests with `&`
    signal.signal(signal.SIGINT, signal.default_int_handler)  # programs that tests interrupt inherit this

# The time of one example says nothing on a machine that others use too.
settings.register_profile("shared machine", deadline=None)
# pytest --hypothesis-profile=nightly --timeout=0
settings.register_profile("nightly", deadline=None, max_examples=10_000)
settings.load_profile("shared machine")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """`-n auto`: more than there are cores, since tests of the proxy wait half of their time."""
    return 2 * (os.process_cpu_count() or 1)
