"""What do all admin screens of a salon share? The table of roles, the salon's id, tidy widgets.

Row-level security decides which rows exist for a visitor; a screen opens no further doors.
A screen says its `area` (tenants.permissions) and nothing else about rights.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any, ClassVar, TypeVar

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminTextareaWidget

from tenants.admin_adding import IntoSalon
from tenants.admin_filters import OfferedFilters
from tenants.admin_named import Labelled, Named
from tenants.ids import created_at
from tenants.models import User
from tenants.permissions import standing
from tenants.scope import current

__all__ = [
    "MODE_LABELS",
    "AreaRights",
    "JsonWidget",
    "LogAdmin",
    "PlatformScreen",
    "SalonAdmin",
    "SalonForm",
    "SalonStacked",
    "SalonTabular",
    "column",
    "moment",
    "person",
    "submit_button",
]


Column = TypeVar("Column", bound=Callable[..., Any])
MODE_LABELS = {"live": "success", "test": "info"}


def column(
    description: Any, *, ordering: str = "", label: bool | Mapping[str, str] = False
) -> Callable[[Column], Column]:
    """Make a method a column: its heading, what it sorts by, and colours by value.

    label: True for a plain badge; or value -> colour, for a method that gives (value, words).
    """

    def mark(method: Column) -> Column:
        method.short_description = description  # type: ignore[attr-defined]  # the admin's way
        if ordering:
            method.admin_order_field = ordering  # type: ignore[attr-defined]  # the admin's way
        if not label:
            return method
        shown = method if label is True else _labelled(method)
        shown.label = label  # type: ignore[attr-defined]  # unfold's way
        return shown

    return mark


def _labelled(method: Column) -> Column:
    @wraps(method)
    def give(*args: Any) -> Labelled:
        return Labelled(method(*args))

    return give  # type: ignore[return-value]  # the same method, its answer labelled


def submit_button(description: Any) -> Callable[[Column], Column]:
    """Make a method a further button of the form, for those who may change the row."""

    def mark(method: Column) -> Column:
        method.short_description = description  # type: ignore[attr-defined]  # unfold's way
        method.allowed_permissions = ["change"]  # type: ignore[attr-defined]  # unfold's way
        return method

    return mark


class JsonWidget(UnfoldAdminTextareaWidget):  # type: ignore[misc]  # unfold is untyped
    """A JSON value, indented and in plain letters, so that a person can read it."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": "kolokol-json", "spellcheck": "false", **(attrs or {})})

    def format_value(self, value: Any) -> str:
        """Indent what can be read; what cannot is shown as it was typed."""
        try:
            return json.dumps(json.loads(value), ensure_ascii=False, indent=2)
        except (TypeError, ValueError):
            return str(value or "")


class SalonForm(forms.ModelForm[Any]):
    """A form that knows its salon before it checks uniqueness, which is a salon's own."""

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # not in the stubs
        scope = current()
        if scope is not None and scope.kind == "tenant":
            self.instance.tenant_id = next(iter(scope.tenants))
            excluded.discard("tenant")
        return excluded


class AreaRights:
    """Rights by role and area; `area` is a key of tenants.permissions.TABLE."""

    area: ClassVar[str]
    request: HttpRequest

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the table."""
        return standing(request).may("view", self.area)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the table."""
        return standing(request).may("add", self.area)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the table."""
        return standing(request).may("change", self.area)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the table."""
        return standing(request).may("delete", self.area)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the app when one of its screens may be seen."""
        return standing(request).may("view", self.area)


class Screen(OfferedFilters, AreaRights, ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """What all screens say: a row's human name, and what an empty list is for."""

    empty_words: Any = ""  # read by empty_results.html

    def heading(self, row: Any) -> str:
        """Name a row for a person; str(row) is for logs and holds no personal data."""
        return str(row)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Head the page by the row's human name, offer one button less."""
        if kwargs.get("obj") is not None:
            request.heading = self.heading(kwargs["obj"])  # type: ignore[attr-defined]  # for header_title.html
        context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Tell what was added, by its human name."""
        return super().response_add(request, Named(obj, self.heading(obj)), *args, **kwargs)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Tell what was saved, by its human name."""
        answer: HttpResponse = super().response_change(request, Named(obj, self.heading(obj)))
        return answer


class SalonAdmin(IntoSalon, Screen):
    """A screen of one kind of a salon's rows.

    Must give: area. Should give: empty_words. May override: everything of ModelAdmin. Must not
    override: the rights.
    """

    form = SalonForm
    formfield_overrides = {
        models.JSONField: {"widget": JsonWidget},
        models.URLField: {"assume_scheme": "https"},
    }
    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = True
    warn_unsaved_form = True
    compressed_fields = True

    class Media:
        css = {"all": ["kolokol/admin.css"]}

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the salon in each row when the visitor looks at all of them."""
        columns = tuple(super().get_list_display(request))
        return (*columns, "salon") if self._shows_salons(request) else columns

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read the salon's name in the same query where it is shown."""
        rows = super().get_queryset(request)
        joined = self.list_select_related or ()  # the list would not add them to ours
        return rows.select_related("tenant", *joined) if self._shows_salons(request) else rows

    def _shows_salons(self, request: HttpRequest) -> bool:
        return standing(request).tenant_id is None and hasattr(self.model, "tenant")

    @column(_("salon"), ordering="tenant")
    def salon(self, row: Any) -> str:
        """Name the row's salon."""
        return str(row.tenant.name)


class LogAdmin(SalonAdmin):
    """A screen of what happened: newest first, never written, never counted."""

    area = "log"
    paginator = InfinitePaginator
    show_full_result_count = False
    ordering: tuple[str, ...] = ("-id",)
    warn_unsaved_form = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """History is written by the engine."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """History is written by the engine."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """History is written by the engine."""
        return False

    @column(_("time"), ordering="id")
    def made_at(self, row: Any) -> str:
        """Read the moment from the time-ordered id, to the second."""
        return date_format(localtime(moment(row)), "SHORT_DATETIME_FORMAT")


class PlatformScreen(Screen):
    """A screen of the platform's staff."""

    area = "platform"


class SalonTabular(AreaRights, TabularInline):  # type: ignore[misc]  # unfold is untyped
    """Rows of a salon inside another row's screen, as a table."""

    form = SalonForm
    formfield_overrides = {models.JSONField: {"widget": JsonWidget({"rows": 2})}}
    extra = 0
    hide_title = True  # names of rows are for logs


class SalonStacked(AreaRights, StackedInline):  # type: ignore[misc]  # unfold is untyped
    """Rows of a salon inside another row's screen, one under another."""

    form = SalonForm
    formfield_overrides = {models.JSONField: {"widget": JsonWidget({"rows": 3})}}
    extra = 0


def person(request: HttpRequest) -> User | None:
    """Give the visitor, for the record of who did it."""
    return request.user if isinstance(request.user, User) else None


def moment(row: Any) -> datetime:
    """Give the moment at which a row with a time-ordered id was made."""
    return created_at(row.pk)
