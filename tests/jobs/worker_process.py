"""A worker as a process of its own, with the tests' jobs: `python -m tests.jobs.worker_process NAME`."""

import sys

from backroom import compose
from backroom.settings import read_settings
from tests.jobs.counting import Counting, Stubborn, jobs_of

if __name__ == "__main__":
    with compose.open_house(read_settings(), stays=True) as house:
        compose.work(house, sys.argv[1], child=False, jobs=jobs_of(Counting(), Stubborn(mode="wanted")))
