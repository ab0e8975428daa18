"""Who sends, who receives."""

from __future__ import annotations

from tenants.models.accounts import (
    ApiKey,
    Location,
    Member,
    Mode,
    PlatformKey,
    StoredResponse,
    Tenant,
    User,
)
from tenants.models.audience import Address, AddressKind, Subscriber, Topic, TopicMember
from tenants.models.consents import Consent, Purpose
from tenants.models.links import LinkToken
from tenants.models.suppressions import Suppression

__all__ = [
    "Address",
    "AddressKind",
    "ApiKey",
    "Consent",
    "LinkToken",
    "Location",
    "Member",
    "Mode",
    "PlatformKey",
    "Purpose",
    "StoredResponse",
    "Subscriber",
    "Suppression",
    "Tenant",
    "Topic",
    "TopicMember",
    "User",
]
