"""Moments in Russian: see formats."""
