"""Every route of the system on one screen."""

from __future__ import annotations

urlpatterns: list[object] = []
