"""Backroom keeps an exact, live, explainable copy of a Shopify shop in the merchant's own database."""

__version__ = "0.1.0"
