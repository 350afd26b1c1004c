"""A Shopify to run against: a seeded shop that lives, and tells its subscribers as Shopify does.

An own program with its own state; it knows nothing of Backroom, and can be used without it.
"""
