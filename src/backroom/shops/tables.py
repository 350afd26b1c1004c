"""Tables of the shops room. Ciphertexts are MultiFernet tokens of the vault."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text, UniqueConstraint

from backroom.db.metadata import metadata
from backroom.db.types import BigInt, Instant, Payload

shop = Table(
    "shop",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("domain", Text, nullable=False, comment="small letters; what X-Shopify-Shop-Domain says"),
    Column("api_url", Text, comment="where to reach its API instead of https://<domain>"),
    Column("currency", Text, comment="ISO 4217; null until known"),
    Column("created_at", Instant, nullable=False),
    Column("removed_at", Instant, comment="set by `shop remove`: its webhooks are refused, its rows stay"),
    UniqueConstraint("domain"),
)

shop_credential = Table(
    "shop_credential",
    metadata,
    Column("shop_id", BigInt, ForeignKey("shop.id"), primary_key=True),
    Column("kind", Text, nullable=False, comment="access_token or client_secret"),
    Column("client_id", Text),
    Column("ciphertext", Payload, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

webhook_secret = Table(
    "webhook_secret",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("shop_id", BigInt, ForeignKey("shop.id"), nullable=False),
    Column("ciphertext", Payload, nullable=False),
    Column("fingerprint", Text, nullable=False, comment="12 hex digits of a keyed hash: tells secrets apart"),
    Column("source", Text, nullable=False, comment="added or client_secret"),
    Column("created_at", Instant, nullable=False),
    Column("removed_at", Instant),
    Column("last_used_at", Instant),
    Column("use_count", BigInt, nullable=False, server_default="0"),
    Index("ix_webhook_secret_shop_id", "shop_id"),
)
