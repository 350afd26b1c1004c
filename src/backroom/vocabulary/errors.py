"""The error tree. A worker asks one thing of an error: retry the batch, wait, or park the row?

    BackroomError
    ├── Transient          try the same work again; blames nobody, counts no attempt
    │   ├── ShopBusy       another worker holds this shop's lock
    │   ├── StoreUnavailable   the database did not take it (locked, full, gone)
    │   └── Throttled      Shopify asks to wait until an instant
    ├── Terminal           this row, as it is, can not be applied: park it with the reason
    └── Misuse             a person asked for something that does not exist or make sense
        ├── Unknown        nothing has this name or id
        └── Ambiguous      several have it: say which one is meant

An unknown error is never benign: whoever meets one treats it as Terminal for the one row that
provokes it, and logs it with its traceback. Commands end with 2 for a Misuse, with 1 for all others, what
is not there (Unknown) among them.
"""

from datetime import datetime


class BackroomError(Exception):
    """Something that Backroom understands went wrong; the message is for people."""


class Transient(BackroomError):
    """The same work may succeed later, unchanged."""


class ShopBusy(Transient):
    """Another worker is working on this shop."""


class StoreUnavailable(Transient):
    """The database could not take the write now."""


class Throttled(Transient):
    """Shopify asks us to wait."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"throttled until {until.isoformat()}")
        self.until = until


class Terminal(BackroomError):
    """This row can not be applied as it is. The message is the reason that people read."""


class Misuse(BackroomError):
    """A request that names something unknown, or that contradicts itself."""


class Unknown(Misuse):
    """Nothing has this name or id."""


class Ambiguous(Misuse):
    """Several have this name or id, and the message names them."""
