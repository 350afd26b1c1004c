"""What is asked of Shopify for one kind of resource, as data: one text for single, page and bulk fetches.

The texts are parts of GraphQL documents, put together in `shopify/documents`. Source: Shopify's Admin GraphQL
schema, 2026-10.
"""

from dataclasses import dataclass
from enum import Enum, auto


class Changes(Enum):
    """How what changed since an instant is asked for.

    PAGES: in the order of the changes. EXPORT: Shopify can leave out what did not change, but has it in no
    such order. EVERYTHING: it can not; so that is asked for, where it is little.
    """

    PAGES = auto()
    EXPORT = auto()
    EVERYTHING = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A connection below a resource's node, such as a product's variants.

    `node_types` are the types in the gids of its nodes. `first`: how many of them a page of resources asks
    for along with each; more are fetched by pages of their own. `are_resources`: what is pulled is they, and
    the node above them is only the way there.
    """

    field: str
    node_types: tuple[str, ...]
    selection: str
    first: int
    are_resources: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A resource's root connection, the type of its nodes, and what is wanted of each.

    `selection` has `id` and `updatedAt` in it, each branch's has `id`. `arguments`: of the connection,
    whatever is asked for. `changes`: how Shopify is asked for what changed.
    """

    connection: str
    type_name: str
    selection: str
    branches: tuple[Branch, ...] = ()
    arguments: str = ""
    changes: Changes = Changes.PAGES

    @property
    def resources(self) -> Branch | None:
        """The branch whose nodes are the resources; None where the root's are."""
        return next((branch for branch in self.branches if branch.are_resources), None)
