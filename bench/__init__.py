"""What Backroom costs: receipt, draining, the whole way, growth. `make bench` runs all; none is a test."""
