"""The addresses that clients open."""

from __future__ import annotations

from django.urls import path

from notifications.follow_views import FollowView, OpenView
from notifications.unsubscribe_page import UnsubscribePage

urlpatterns = [
    path("u/<str:token>", UnsubscribePage.as_view(), name="unsubscribe"),
    path("t/<str:token>.<int:number>", FollowView.as_view()),
    path("o/<str:token>.gif", OpenView.as_view()),
]
