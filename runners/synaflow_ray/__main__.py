"""`python -m synaflow_ray run TARGET ...`: the command line as a job runs it."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """The command line, which SIGINT interrupts: that is how a job is stopped.

    A cluster that was started in the background of a script ignores SIGINT, and so would all that it starts.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    from synaflow.cli import main

    return main()


if __name__ == "__main__":
    sys.exit(main())
