"""What do the events of an SES configuration set tell? SNS brings them (sns_messages).

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html and
.../notification-contents.html, read 2026-11: one event a notification; EmailTags come back as tags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.adapters import fates
from channels.adapters.callback_reading import as_object, object_of, objects_of, raw_of, text
from channels.adapters.email_events import bounce
from channels.adapters.email_letter import METADATA_KEY
from channels.adapters.fates import Fate, Report
from channels.told import Told

FATES: Mapping[str, Fate] = {
    "Send": fates.SENT,
    "Delivery": fates.DELIVERED,
    "DeliveryDelay": fates.DEFERRED,
    "Reject": fates.REFUSED,
    "Rendering Failure": fates.REFUSED,
    "Complaint": fates.COMPLAINT,
    "Open": fates.OPENED,
    "Click": fates.CLICKED,
}
#: bounceSubType of what may go through another time, or with another text.
SOFT: Mapping[str, Fate] = {
    "MailboxFull": fates.FULL,
    "MessageTooLarge": fates.DISLIKED,
    "ContentRejected": fates.DISLIKED,
    "AttachmentRejected": fates.DISLIKED,
}
#: Event -> where it keeps what it tells and the people it is about.
PLACES: Mapping[str, tuple[str, str]] = {
    "Bounce": ("bounce", "bouncedRecipients"),
    "Complaint": ("complaint", "complainedRecipients"),
    "DeliveryDelay": ("deliveryDelay", "delayedRecipients"),
    "Subscription": ("subscription", ""),
    "Reject": ("reject", ""),
}


def events(notification: Mapping[str, Any]) -> Sequence[Told]:
    """Translate a proven notification of SNS."""
    event = object_of(text(notification.get("Message")))
    name = text(event.get("eventType") or event.get("notificationType"))
    place, people = PLACES.get(name, ("", ""))
    told = as_object(event.get(place))
    person = next(iter(objects_of(told.get(people))), {})
    fate = _fate(name, told, person)
    key = text(notification.get("MessageId"))
    return [_report(key, event, told, person).told(fate)] if fate else []


def _fate(name: str, told: Mapping[str, Any], person: Mapping[str, Any]) -> Fate | None:
    if name == "Bounce":
        return _bounce(told, person)
    if name == "Subscription":
        return _change(as_object(told.get("newTopicPreferences")))
    return FATES.get(name)


def _bounce(told: Mapping[str, Any], person: Mapping[str, Any]) -> Fate:
    """Believe bounceType: a permanent bounce stops SES itself from writing there again."""
    if told.get("bounceType") == "Permanent":
        return fates.DEAD
    words = f"{text(person.get('status'))} {text(person.get('diagnosticCode'))}"
    return SOFT.get(text(told.get("bounceSubType"))) or bounce(False, words)


def _change(wishes: Mapping[str, Any]) -> Fate | None:
    if wishes.get("unsubscribeAll") is True:
        return fates.UNSUBSCRIBED
    topics = objects_of(wishes.get("topicSubscriptionStatus"))
    is_out = any(topic.get("subscriptionStatus") == "OptOut" for topic in topics)
    return fates.UNSUBSCRIBED if is_out else fates.SUBSCRIBED


def _report(
    key: str, event: Mapping[str, Any], told: Mapping[str, Any], person: Mapping[str, Any]
) -> Report:
    mail = as_object(event.get("mail"))
    ours = as_object(mail.get("tags")).get(METADATA_KEY)
    people = mail.get("destination")
    first = people[0] if isinstance(people, list) and people else ""
    return Report(
        key=key,
        message_id=text(ours[0]) if isinstance(ours, list) and ours else "",
        provider_id=text(mail.get("messageId")),
        address=text(person.get("emailAddress")) or text(first),
        raw=raw_of(
            event=event.get("eventType") or event.get("notificationType"),
            type=told.get("bounceType") or told.get("complaintFeedbackType"),
            subtype=told.get("bounceSubType") or told.get("delayType"),
            status=person.get("status"),
            reason=person.get("diagnosticCode") or told.get("reason"),
        ),
    )
