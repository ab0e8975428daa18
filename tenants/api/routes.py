"""The addresses of this room's API.

`/v1/tenants` itself stands in config.urls: only there is it known what a new salon starts with.
"""

from __future__ import annotations

from django.urls import path

from tenants.api.consents import ConsentsView
from tenants.api.subscribers import (
    BulkView,
    CredentialsView,
    CredentialView,
    OldSubscribersView,
    OldSubscriberView,
    SubscribersView,
    SubscriberView,
    SubscriptionsView,
)
from tenants.api.suppressions import RemoveView, SuppressionsView
from tenants.api.tenants import TenantView
from tenants.api.topics import MembersView, MemberView, OldMemberView, TopicsView, TopicView

_SUBSCRIBER = "subscribers/<str:subscriber_id>"

urlpatterns = [
    path("v1/tenants/<str:identifier>", TenantView.as_view()),
    path("v1/subscribers", OldSubscribersView.as_view()),
    path("v1/subscribers/bulk", BulkView.as_view()),
    path(f"v1/{_SUBSCRIBER}", OldSubscriberView.as_view()),
    path(f"v1/{_SUBSCRIBER}/credentials", CredentialsView.as_view()),
    path(f"v1/{_SUBSCRIBER}/credentials/<str:provider_id>", CredentialView.as_view()),
    path(f"v1/{_SUBSCRIBER}/consents", ConsentsView.as_view()),
    path("v1/suppressions", SuppressionsView.as_view()),
    path("v1/suppressions/remove", RemoveView.as_view()),
    path("v2/subscribers", SubscribersView.as_view()),
    path(f"v2/{_SUBSCRIBER}", SubscriberView.as_view()),
    path(f"v2/{_SUBSCRIBER}/subscriptions", SubscriptionsView.as_view()),
    path("v2/topics", TopicsView.as_view()),
    path("v2/topics/<str:key>", TopicView.as_view()),
    path("v2/topics/<str:key>/subscriptions", MembersView.as_view()),
    path("v2/topics/<str:key>/subscriptions/<str:identifier>", MemberView.as_view()),
    path("v1/topics/<str:key>/subscribers/<str:subscriber_id>", OldMemberView.as_view()),
]
