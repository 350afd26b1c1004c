"""Who works: the loop, its sign of life, and the child processes that `serve` keeps running."""
