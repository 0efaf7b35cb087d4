"""What commands print: sentences on the standard output, refusals on the error output."""

import sys


def say(sentence: str) -> None:
    """Print for the person at the terminal, at once."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def report(refusal: str) -> None:
    """Print why it did not work."""
    sys.stderr.write(f"aiguillage : {refusal}\n")
