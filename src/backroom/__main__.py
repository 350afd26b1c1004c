"""`python -m backroom` is `backroom`; `serve` starts its workers this way."""

import sys

CTRL_C = 130
"""What shells say of a program that Ctrl-C ended."""


def run() -> None:
    """Imports take a moment too, in which nothing has begun that a traceback could be about."""
    try:
        from backroom.cli import main

        main()
    except KeyboardInterrupt:
        sys.exit(CTRL_C)


if __name__ == "__main__":
    run()
