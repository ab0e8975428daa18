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

__all__ = [
    "Address",
    "AddressKind",
    "ApiKey",
    "Location",
    "Member",
    "Mode",
    "PlatformKey",
    "StoredResponse",
    "Subscriber",
    "Tenant",
    "Topic",
    "TopicMember",
    "User",
]
