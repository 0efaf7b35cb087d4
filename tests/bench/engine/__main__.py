"""`python -m tests.bench.engine`."""

import sys

from tests.bench.engine import main

sys.exit(main(sys.argv[1:]))
