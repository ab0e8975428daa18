"""How is a moment written in Russian? As 21.11.2026 23:35."""

from __future__ import annotations

DATE_FORMAT = "d.m.Y"
DATETIME_FORMAT = "d.m.Y H:i"
SHORT_DATETIME_FORMAT = "d.m.Y H:i:s"  # of logs: to the second
