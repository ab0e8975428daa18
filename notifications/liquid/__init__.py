"""How is a text that salon staff wrote turned into a message, safely and fast? In this package."""

from __future__ import annotations
