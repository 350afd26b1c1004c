"""The shops, what opens them (credentials, encrypted), and what their webhooks are signed with."""
