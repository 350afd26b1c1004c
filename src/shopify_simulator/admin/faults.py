"""What goes wrong at the Admin API: by chance, drawn from a seed, or exactly as a script says.

A request, a download, a grant or a bulk operation enters; the name of its fault, or none, leaves. What never
happens here: the fault itself (`endpoints.py`, `bulk.py`).
"""

import random
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["request", "grant", "download", "bulk"]

FAULTS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "request": (
        "throttle", "error", "error_page", "too_many", "hang", "reset", "slow", "cut", "unauthorized",
        "internal", "lag", "absent", "denied", "frozen", "locked", "gone", "forbidden", "inactive",
    ),
    "grant": ("error", "hang", "reset", "refused"),
    "download": ("error", "hang", "reset", "slow", "cut", "expired"),
    "bulk": ("truncate", "fail", "cancel", "expire", "stall"),
}  # fmt: skip
"""The names of what may happen to each.

request: throttle: another copy of the app emptied the bucket; error: 503 with JSON; error_page: 502 with
HTML; too_many: 429 with Retry-After; hang: no answer for `hang_seconds`; reset: the connection breaks; slow:
the body trickles for `slow_seconds`; cut: the body breaks off; unauthorized: the token is not known, once;
internal: INTERNAL_SERVER_ERROR in a 200; lag: answered from what the shop held up to `lag_seconds` ago;
absent: `nodes` answers null for the first id; denied: ACCESS_DENIED; frozen: 402; locked: 423; gone: 404;
forbidden: 403; inactive: SHOP_INACTIVE.
grant: refused: invalid_client.
download: cut: it breaks off at a random byte; expired: 403.
bulk: truncate: the file is cut at a random byte, though COMPLETED; fail: FAILED with partial data; cancel:
CANCELED by Shopify; expire: EXPIRED; stall: it runs until it is cancelled.
"""

WELL: Final = "ok"
"""In a script: nothing goes wrong this time."""

SHOP_STATES: Final = ("open", "frozen", "locked", "gone", "inactive")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminFaults:
    """How likely each fault is (0 to 1), by kind and name, and how far it reaches."""

    seed: int = 1
    request: Mapping[str, float] = field(default_factory=dict)
    grant: Mapping[str, float] = field(default_factory=dict)
    download: Mapping[str, float] = field(default_factory=dict)
    bulk: Mapping[str, float] = field(default_factory=dict)
    hang_seconds: float = 30.0
    slow_seconds: float = 2.0
    lag_seconds: float = 5.0
    shop: str = "open"
    """frozen, locked, gone, inactive: nobody gets in until it is open again."""

    def __post_init__(self) -> None:
        for kind, names in FAULTS.items():
            chances: Mapping[str, float] = getattr(self, kind)
            if unknown := chances.keys() - set(names):
                raise ValueError(f"{kind}: there is no {', '.join(sorted(unknown))}")
            for name, chance in chances.items():
                if not 0 <= chance <= 1:
                    raise ValueError(f"{kind}: {name} is a probability: 0 to 1")
        if self.shop not in SHOP_STATES:
            raise ValueError(f"shop is one of {', '.join(SHOP_STATES)}")
        if min(self.hang_seconds, self.slow_seconds, self.lag_seconds) < 0:
            raise ValueError("hang_seconds, slow_seconds and lag_seconds are 0 or more")


class Mishaps:
    """Draws what happens. Fit for several threads; the same seed and order of arrivals: the same mishaps."""

    def __init__(self, faults: AdminFaults) -> None:
        self._lock = threading.Lock()
        self._scripts: dict[Kind, deque[str]] = {kind: deque() for kind in FAULTS}
        self.set(faults)

    @property
    def faults(self) -> AdminFaults:
        return self._faults

    def set(self, faults: AdminFaults) -> None:
        """From now on; what a script has left stays."""
        with self._lock:
            self._faults = faults
            self._random = random.Random(f"admin:{faults.seed}")

    def script(self, kind: Kind, names: Iterable[str]) -> None:
        """The next ones of that kind meet exactly these, one each; `ok`: none. Raises ValueError."""
        wanted = list(names)
        if unknown := set(wanted) - {*FAULTS[kind], WELL}:
            raise ValueError(f"{kind}: there is no {', '.join(sorted(unknown))}")
        with self._lock:
            self._scripts[kind] = deque(wanted)

    def left(self, kind: Kind) -> list[str]:
        """What the script of that kind still holds."""
        with self._lock:
            return list(self._scripts[kind])

    def draw(self, kind: Kind) -> str | None:
        """What happens to the next one of that kind."""
        with self._lock:
            if self._scripts[kind]:
                name = self._scripts[kind].popleft()
                return None if name == WELL else name
            chances: Mapping[str, float] = getattr(self._faults, kind)
            for name in FAULTS[kind]:
                if (chance := chances.get(name, 0.0)) and self._random.random() < chance:
                    return name
            return None

    def place(self, size: int) -> int:
        """Where something of that size breaks off: at least one byte is missing."""
        with self._lock:
            return self._random.randrange(max(1, size))
