"""The hand of tests and demos over HTTP, no part of Shopify's: reads everything, changes everything."""
