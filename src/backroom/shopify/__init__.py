"""The only door to Shopify: what it signs, what it is asked, and what it gives.

`client` asks one thing, and knows tokens, the throttle and patience. `pages` reads page by page or by gid;
`bulk`, `download` and `jsonl` read everything at once. `documents` holds every text that is sent.
"""
