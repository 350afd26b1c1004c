"""The house's front: receipt of webhooks, health, metrics, the read API. Never processes anything."""
