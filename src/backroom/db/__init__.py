"""The two databases behind one seam: connections, transactions, bulk statements, migrations.

Nothing here knows what a shop or a product is. The rooms above bring their own tables (on
`metadata`) and own their statements; where SQLite and PostgreSQL differ, they meet in here.
"""
