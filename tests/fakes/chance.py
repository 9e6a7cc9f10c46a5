"""What tests draw: the same in each run, so that none fails by chance; in full sizes each run draws anew.

There a rare failure is what is looked for: `DLTHUB_TUI_SEED` names other draws.
"""

from __future__ import annotations

import os

from tests.reliability.sizes import IS_FULL

SEED = os.environ.get("DLTHUB_TUI_SEED", os.urandom(8).hex() if IS_FULL else "1")
