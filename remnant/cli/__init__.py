"""The command line: one thin file per command."""

import os

# Read when numpy is loaded. Matrices here are small, and the waiting threads of linear algebra cost
# more than they give: 0.1 s of every start, 0.5 s of a large case.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
