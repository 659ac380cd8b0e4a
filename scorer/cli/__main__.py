"""Where the command line starts, as `nextoffer` and as `python -m scorer.cli`."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line.

    Ctrl-C ends the process without a word while modules are loaded, and again once the command has
    ended: Python would print a traceback. In between, :mod:`scorer.interruption` takes over.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from scorer.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
