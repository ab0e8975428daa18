"""The screens of the salon's places and people, and of all who log in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from modeltranslation.admin import TranslationAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from tenants.admin_base import PlatformScreen, SalonAdmin, SalonForm, column
from tenants.hours import wrong_day
from tenants.members import add_member, is_last_owner
from tenants.models import Location, Member, User
from tenants.permissions import standing


class LocationForm(SalonForm):
    """A place; the labels say the language in words."""

    class Meta:
        model = Location
        fields = ("name_ru", "name_en", "address_ru", "address_en")
        labels = {
            "name_ru": _("Name in Russian"),
            "name_en": _("Name in English"),
            "address_ru": _("Address in Russian"),
            "address_en": _("Address in English"),
        }
        help_texts = {
            "hours": _('By day: {"mon": [["10:00", "14:00"], ["15:00", "20:00"]], "sat": ...}.')
        }

    def clean_hours(self) -> Any:
        """Refuse hours that nobody could read: messages would not wait for them."""
        hours = self.cleaned_data["hours"] or {}
        if day := wrong_day(hours):
            words = _('“%(day)s” cannot be read. Write {"mon": [["10:00", "20:00"]]}.')
            raise forms.ValidationError(words % {"day": day})
        return hours


@admin.register(Location)
class LocationAdmin(SalonAdmin, TranslationAdmin):  # type: ignore[type-arg,misc]  # not generic at run time
    """Where the salon receives its clients."""

    area = "salon"
    form = LocationForm
    list_display = ("name", "identifier", "address", "phone", "is_default")
    search_fields = ("name", "identifier", "address")
    fieldsets = (
        (None, {"fields": (("name_ru", "name_en"), ("address_ru", "address_en"))}),
        (
            None,
            {"fields": (("identifier", "is_default"), ("phone", "timezone"), "map_url", "hours")},
        ),
    )


class MemberForm(SalonForm):
    """A new colleague: a person and a role."""

    login = forms.CharField(label=_("Login"), max_length=150, widget=UnfoldAdminTextInputWidget)
    name = forms.CharField(
        label=_("Name"), max_length=150, required=False, widget=UnfoldAdminTextInputWidget
    )
    email = forms.EmailField(label=_("E-mail"), required=False, widget=UnfoldAdminTextInputWidget)
    password = forms.CharField(
        label=_("Password"),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 8 characters. The colleague can change it after the first login."),
    )

    class Meta:
        model = Member
        fields = ("role",)

    def clean_login(self) -> str:
        """Refuse a login that somebody has."""
        login = str(self.cleaned_data["login"])
        if User.objects.filter(username=login).exists():
            raise ValidationError(_("This login is taken."))
        return login

    def clean_password(self) -> str:
        """Refuse a weak password."""
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password


class RoleForm(SalonForm):
    """An existing member: only the role changes."""

    class Meta:
        model = Member
        fields = ("role",)

    def clean_role(self) -> str:
        """Keep one owner."""
        role = str(self.cleaned_data["role"])
        before = Member.objects.get(pk=self.instance.pk)
        if role != Member.Role.OWNER and is_last_owner(before):
            raise ValidationError(_("This is the salon's only owner."))
        return role


@admin.register(Member)
class MemberAdmin(SalonAdmin):
    """Who works here, and as what."""

    area = "members"
    list_display = ("login", "full_name", "role_label", "last_login")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__first_name", "user__last_name")
    list_filter = ("role",)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kw: Any
    ) -> Any:
        """Ask for a person when adding, for a role when changing."""
        kw["form"] = RoleForm if obj else MemberForm
        return super().get_form(request, obj, change, **kw)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Order the form."""
        return ("login", "role") if obj else ("login", "name", "email", "password", "role")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A login belongs to its person."""
        return ("login",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save a changed role, or make the new member together with the person."""
        tenant_id = standing(request).tenant_id
        if change or tenant_id is None:
            super().save_model(request, obj, form, change)
            return
        given = form.cleaned_data
        names = ("login", "password", "email", "name")
        member = add_member(tenant_id, given["role"], **{name: given[name] for name in names})
        obj.pk = member.pk
        obj.refresh_from_db()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep one owner."""
        is_allowed = super().has_delete_permission(request, obj)
        return is_allowed and not (obj is not None and is_last_owner(obj))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Keep one owner when many are chosen."""
        for member in queryset:
            if is_last_owner(member):
                self.message_user(request, _("This is the salon's only owner."), messages.ERROR)
            else:
                member.delete()

    @column(_("Login"), ordering="user__username")
    def login(self, row: Member) -> str:
        """Name the person's login."""
        return row.user.get_username()

    @column(_("Name"))
    def full_name(self, row: Member) -> str:
        """Name the person."""
        return row.user.get_full_name()

    @column(_("role"), ordering="role", label=True)
    def role_label(self, row: Member) -> str:
        """Show the role as a label."""
        return row.get_role_display()

    @column(_("last login"), ordering="user__last_login")
    def last_login(self, row: Member) -> Any:
        """Tell when the person was here."""
        return row.user.last_login


@admin.register(User)
class PersonAdmin(PlatformScreen, UserAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Everybody who can log in; a salon's people are under Team."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = (
        "username",
        "first_name",
        "last_name",
        "is_superuser",
        "is_active",
        "last_login",
    )
    list_filter = ("is_superuser", "is_active")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": (("first_name", "last_name"), ("email", "language"))}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser")}),
    )


admin.site.unregister(Group)  # rights come from roles in salons (tenants.permissions)
