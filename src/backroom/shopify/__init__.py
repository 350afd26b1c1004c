"""The only door to Shopify: what it signs, and (with the pull) what it is asked."""
