"""How is a moment written in English? As 21 Nov 2026, 23:35: nobody takes a day for a month."""

from __future__ import annotations

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
SHORT_DATETIME_FORMAT = "j M Y, H:i:s"  # of logs: to the second
