"""What differs from resource to resource: policy, as data and plain functions. No I/O in here."""
