"""Registration: which webhooks a shop should send us, which it does, and since when it speaks of what."""
