"""A resource's one id, as Shopify spells it in GraphQL. Levels have two, and no gid of theirs says which."""

from collections.abc import Callable

from backroom.vocabulary.ids import ResourceKey, gid_number


def gids_of(type_name: str) -> Callable[[ResourceKey], str]:
    """How Shopify names one of this type."""

    def gid_of(key: ResourceKey) -> str:
        return f"gid://shopify/{type_name}/{key[0]}"

    return gid_of


def key_of(gid: str) -> ResourceKey:
    """The reverse. Raises Terminal."""
    return (gid_number(gid),)
