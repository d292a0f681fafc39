"""Slows those who guess codes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from ipaddress import ip_address, ip_network
from time import monotonic

FREE = 5  # failures before anybody waits
LONGEST = 60.0  # seconds
FORGOTTEN = 900.0  # seconds without a failure
_MOST = 10_000  # of them are remembered


def network(address: str) -> str:
    """Whom a wait is for: one address, of IPv6 all that a computer may take for itself."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


class Throttle:
    """After some failures the next try has to wait a second, and twice as long after each further
    one, up to a minute. Counted by whom the caller wishes."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()

    def wait(self, who: Hashable) -> float:
        """Seconds until they may try again; 0 where they may now."""
        failures, last = self._failures.get(who, (0, 0.0))
        now = self._clock()
        if failures < FREE or now - last > FORGOTTEN:
            return 0.0
        return max(0.0, last + min(LONGEST, 2.0 ** (failures - FREE)) - now)

    def failed(self, who: Hashable) -> None:
        failures, last = self._failures.pop(who, (0, 0.0))
        now = self._clock()
        again = failures + 1 if now - last <= FORGOTTEN else 1
        self._failures[who] = (again, now)
        while len(self._failures) > _MOST:
            self._failures.popitem(last=False)
