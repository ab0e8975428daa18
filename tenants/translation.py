"""Which fields of a location exist in Russian and English."""

from __future__ import annotations

from modeltranslation.translator import TranslationOptions, register

from tenants.models import Location


@register(Location)
class LocationTranslation(TranslationOptions):
    """A location's name and address."""

    fields = ("name", "address")
