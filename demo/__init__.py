"""A shop's webhooks played at the real program, and the rows they became. `make demo` runs it."""
