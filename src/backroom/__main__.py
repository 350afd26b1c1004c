"""`python -m backroom` is `backroom`; `serve` starts its workers this way."""

from backroom.cli import main

if __name__ == "__main__":
    main()
