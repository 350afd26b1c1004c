"""Telling subscribers, as Shopify does: who is told, signed how, carried when, and what goes wrong."""
