"""The shop's Admin API: GraphQL with costs and throttling, grants, bulk operations, and their faults."""
