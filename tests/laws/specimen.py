"""What a law test needs to know of a resource: bodies of it, and how to read its rows for comparison."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backroom.resources.descriptor import Resource
from backroom.vocabulary.ids import ResourceKey
from tests.house import House

Json = dict[str, Any]
ActiveRows = Mapping[int, Any]
LOOKS = 16


@dataclass(frozen=True, slots=True)
class State:
    """One moment of a resource upstream. `look` chooses its content, `at` is its updated_at in seconds."""

    number: int
    at: int
    look: int = 0


class Specimen(ABC):
    """A resource as the law tests see it. Law tests count resources; `key` says which one a number is.

    What not every resource has is null here where it has not, and the laws about it run over the others.
    `complaint`: what the reason says where `broken` is parked. `partial_has_look`: what a partial body lacks
    is not what is looked at. `id_key`: how a webhook's body begins to name what it is about, up to the colon.
    `text_key`: a text that sorting reads of it. `pulled_fields`: columns that only a pulled body fills.
    """

    resource: Resource
    complaint: str
    partial_has_look: bool = True
    id_key: bytes = b'"id"'
    text_key: bytes | None = None
    has_parts: bool = False
    pulled_fields: frozenset[str] = frozenset()

    def key(self, number: int) -> ResourceKey:
        """Shopify's id."""
        return (number,)

    @abstractmethod
    def whole(self, state: State) -> Json:
        """The webhook's body of a moment. Each of the 16 looks is another content."""

    @abstractmethod
    def pulled(self, state: State) -> Json:
        """What the cache holds where Shopify was asked for that moment."""

    @abstractmethod
    def broken(self, state: State) -> Json:
        """A body whose head can be read and whose rest can not be applied."""

    def bare(self, number: int) -> Json:
        """A webhook's body that only says what it is about."""
        return {"id": number}

    def deletion(self, number: int) -> Json:
        """The body of the topic that says it is gone."""
        return self.bare(number)

    def partial(self, _state: State) -> Json | None:
        """The same moment as `whole`, with something missing."""
        return None

    def unsaid(self, _row: Any) -> Any:
        """What `partial` does not say of an active row."""
        return None

    def with_total(self, _state: State, _total: int) -> Json | None:
        """The same moment, with another total of stock in it, which belongs to other resources."""
        return None

    def claiming(self, _state: State, _other: int) -> Json | None:
        """A body that claims a part of another one: neither is wrong by itself."""
        return None

    def roots(self, states: Sequence[State]) -> list[Json]:
        """What Shopify answers where all of it is asked for: the bodies before they are split."""
        return [self.pulled(state) for state in states]

    @abstractmethod
    def active_rows(self, house: House) -> ActiveRows:
        """The active ERP rows by number, without surrogate ids, instants of processing and pulled fields."""

    @abstractmethod
    def look(self, row: Any) -> int:
        """The look that an active row has."""

    def parts(self, _row: Any) -> int:
        """How many parts an active row has, of a resource that has them."""
        return 0


def without(row: Mapping[str, Any], *names: str) -> Json:
    """The row without these columns and its own id."""
    return {name: value for name, value in row.items() if name != "id" and name not in names}
