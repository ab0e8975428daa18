"""Moments in English: see formats."""
