"""A time after which a request must not leave this process."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Deadline:
    """So many seconds from now, by whichever of the machine's clocks runs faster: one of them stands still
    while a virtual machine is paused."""

    seconds: float
    _monotonic: float = field(default_factory=time.monotonic)
    _wall: float = field(default_factory=time.time)

    @property
    def left(self) -> float:
        """Seconds; 0 or less when it is over."""
        passed = max(time.monotonic() - self._monotonic, time.time() - self._wall)
        return self.seconds - passed
