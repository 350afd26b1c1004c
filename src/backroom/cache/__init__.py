"""The raw cache: the newest body of every resource, as received, and how far it was processed."""
