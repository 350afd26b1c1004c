"""The roll of product ids: one can be drawn at random, entered or struck, each in constant time."""

from random import Random

HOT_SHARE = 20
"""One product in so many is hot: merchants fiddle with it all day."""

MOST_HOT = 50


class Roll:
    """See the module. The same calls with the same random numbers draw the same ids."""

    def __init__(self) -> None:
        self._ids: list[int] = []
        self._places: dict[int, int] = {}

    def enter(self, number: int) -> None:
        self._places[number] = len(self._ids)
        self._ids.append(number)

    def strike(self, number: int) -> None:
        """The last one takes the place of the one that goes."""
        place = self._places.pop(number)
        last = self._ids.pop()
        if last != number:
            self._ids[place] = last
            self._places[last] = place

    def draw(self, random: Random, *, hot: bool) -> int:
        """One of all, or of the hot ones. Raises IndexError where the roll is empty."""
        among = min(MOST_HOT, -(-len(self._ids) // HOT_SHARE)) if hot else len(self._ids)
        return self._ids[int(random.random() * among)]
