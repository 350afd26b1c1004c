"""What the house tells about itself: log lines and metrics. Never a body, a token or a customer's data."""
