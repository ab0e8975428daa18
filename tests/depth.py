"""How many generated cases does a run try? TEST_DEPTH=10 asks for ten times as many."""

from __future__ import annotations

import os

DEPTH = int(os.environ.get("TEST_DEPTH", "1"))
