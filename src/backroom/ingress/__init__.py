"""The mouth for webhooks: verify, append to the inbox, answer. Knows bytes, headers and topics only."""
