"""The long work: runs that ask Shopify, durable, one at a time per shop and kind."""
