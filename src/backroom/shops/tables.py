"""Tables of the shops room. Ciphertexts are MultiFernet tokens of the vault."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from backroom.db.metadata import metadata
from backroom.db.types import BigInt, Instant, Json, Payload

shop = Table(
    "shop",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("domain", Text, nullable=False, comment="small letters; what X-Shopify-Shop-Domain says"),
    Column("api_url", Text, comment="where to reach its API instead of https://<domain>"),
    Column("currency", Text, comment="ISO 4217; null until known"),
    Column("created_at", Instant, nullable=False),
    Column("removed_at", Instant, comment="set by `shop remove`: its webhooks are refused, its rows stay"),
    Column("disconnected_at", Instant, comment="since when the app is uninstalled; null: it is not"),
    Column("granted_scopes", Json, comment="as last heard; null until then"),
    Column("keep_deliveries_days", Integer, comment="null: the default"),
    Column("keep_history_days", Integer, comment="null: the default"),
    UniqueConstraint("domain"),
)

shop_credential = Table(
    "shop_credential",
    metadata,
    Column("shop_id", BigInt, ForeignKey("shop.id"), primary_key=True),
    Column("kind", Text, nullable=False, comment="access_token, client_secret or offline"),
    Column("client_id", Text),
    Column("ciphertext", Payload, nullable=False, comment="the fixed token, or the client secret"),
    Column("updated_at", Instant, nullable=False),
    # What was granted for it; shared by all processes, and replaced together.
    Column("token_ciphertext", Payload),
    Column("token_expires_at", Instant),
    Column("refresh_ciphertext", Payload),
    Column("refresh_expires_at", Instant),
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
