"""How do people come to work in a salon, change their role, and leave?"""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tenants.errors import Conflict, InvalidFields
from tenants.models import Member, User
from tenants.scope import tenant_scope


def add_member(
    tenant_id: UUID, role: str, *, login: str, password: str, email: str = "", name: str = ""
) -> Member:
    """Make a person with a login of their own a member of the salon.

    Raises Conflict when the login is taken, InvalidFields for a weak password or a bad role.
    A person who already works in another salon is added by platform staff (join).
    """
    if role not in Member.Role.values:
        raise InvalidFields("The role is unknown.", errors={"role": ["must be a known role"]})
    user = User(username=login, email=email, first_name=name, is_staff=True)
    try:
        validate_password(password, user)
    except ValidationError as weak:
        raise InvalidFields("The password is weak.", errors={"password": weak.messages}) from weak
    user.set_password(password)
    with transaction.atomic():
        if User.objects.filter(username=login).exists():
            raise Conflict(str(_("This login is taken.")))
        user.save(force_insert=True)
        return join(tenant_id, user, role)


def join(tenant_id: UUID, user: User, role: str) -> Member:
    """Give an existing user a role in the salon, or change it."""
    with tenant_scope(tenant_id):
        member: Member
        member, _made = Member.objects.update_or_create(
            tenant_id=tenant_id, user=user, defaults={"role": role}
        )
    if not user.is_staff:
        User.objects.filter(pk=user.pk).update(is_staff=True)  # the admin's door
    return member


def is_last_owner(member: Member) -> bool:
    """Ask whether the salon would be left without an owner."""
    if member.role != Member.Role.OWNER:
        return False
    others = Member.objects.filter(tenant_id=member.tenant_id, role=Member.Role.OWNER)
    return not others.exclude(pk=member.pk).exists()
