"""Amazon SES (v2), and Yandex Cloud Postbox, which speaks the same: letters as finished MIME.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html, read 2026-11. Limits:
50 recipients, 40 MB; sandbox 200 a day and 1 per second. No key against repeats. Postbox:
api_base https://postbox.cloud.yandex.net, region ru-central1.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from channels.adapters.aws_signing import AWS_FIELDS, signed
from channels.adapters.email_letter import METADATA_KEY, SENDER_FIELDS, SENDER_OPTIONAL
from channels.adapters.ses_events import events
from channels.adapters.sns_messages import published
from channels.adapters.table_adapter import TableAdapter, parsed
from channels.contract import ChannelKind, Outbound, Place, Receipt
from channels.errors import BadCredentials, Permanent, ProviderPaused, RateLimited
from channels.fields import faults, is_email
from channels.mime import Sender, build, envelope_address
from channels.provider_words import Meaning, Refusal
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, Registration, Told

SNS_VERSION = "2010-03-31"
RATE_WAIT_S = 1.0  # its rate is per second; it neither queues nor says how long to wait


class SesAdapter(TableAdapter):
    """One key of an account and region; configuration_set brings events."""

    provider = "ses"
    kinds = frozenset({ChannelKind.EMAIL})
    fields = {**AWS_FIELDS, "configuration_set": False, "topic_arn": False, **SENDER_FIELDS}
    optional = SENDER_OPTIONAL | {"configuration_set", "topic_arn"}
    for_callbacks = frozenset({"topic_arn"})
    address_kinds = ("email",)
    place = Place.FOREIGN
    callback_place = (
        "AWS: SES → Configuration sets → Event destinations → тема SNS; подписка HTTPS на тему",
        "AWS: SES → Configuration sets → Event destinations → an SNS topic; an HTTPS subscription",
    )
    hints = {
        "topic_arn": (
            "arn:aws:sns:… темы, куда приходят события; пусто: любая тема региона",
            "arn:aws:sns:… of the topic that gets the events; empty: any of the region",
        ),
        "access_key_id": ("AWS: IAM → Users → Access keys", "AWS: IAM → Users → Access keys"),
        "region": ("Например eu-west-1", "Such as eu-west-1"),
        "api_base": (
            "Для Yandex Cloud Postbox: https://postbox.cloud.yandex.net",
            "For Yandex Cloud Postbox: https://postbox.cloud.yandex.net",
        ),
    }
    meanings = (
        Meaning(RateLimited, code="TooManyRequestsException", wait_s=RATE_WAIT_S),
        Meaning(RateLimited, code="ThrottlingException", wait_s=RATE_WAIT_S),
        Meaning(ProviderPaused, code="LimitExceededException"),  # the quota of the day
        Meaning(ProviderPaused, code="MessageRejected", words="not verified"),
        Meaning(Permanent, code="MessageRejected"),
        Meaning(ProviderPaused, code="MailFromDomainNotVerifiedException"),
        Meaning(ProviderPaused, code="AccountSuspendedException"),
        Meaning(ProviderPaused, code="SendingPausedException"),
        Meaning(ProviderPaused, code="NotFoundException"),  # the configuration set
        Meaning(BadCredentials, code="AccessDeniedException"),
        Meaning(BadCredentials, code="UnrecognizedClientException"),
        Meaning(BadCredentials, code="InvalidSignatureException"),
        Meaning(Permanent, code="BadRequestException"),
    )

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        return faults(credentials, from_address=is_email, reply_to=is_email)

    def request(self, outbound: Outbound) -> HttpRequest:
        body = {
            "Destination": {"ToAddresses": [envelope_address(outbound.address)]},
            "Content": {"Raw": {"Data": b64encode(self._letter(outbound)).decode()}},
            "EmailTags": [{"Name": METADATA_KEY, "Value": outbound.message_id}],
        }
        if configuration_set := self.credentials.get("configuration_set"):
            body["ConfigurationSetName"] = configuration_set
        request = HttpRequest(
            method="POST",
            url=self._url("/v2/email/outbound-emails"),
            headers={"Content-Type": "application/json"},
            body=json.dumps(body).encode(),
        )
        return signed(request, self.credentials, "ses")

    def receipt(self, response: HttpResponse) -> Receipt:
        message_id = parsed(response.body).get("MessageId")
        if response.status != 200 or not message_id:
            raise self.error_for(response)
        return Receipt(str(message_id), raw=json.dumps({"id": message_id}))

    def probe(self) -> HttpRequest:
        request = HttpRequest("GET", self._url("/v2/email/account"), headers={})
        return signed(request, self.credentials, "ses")

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        topic_arn, region = self.credentials.get("topic_arn", ""), self.credentials["region"]
        return events(published(callback, topic_arn, region))

    def register(self, url: str) -> Registration | None:
        return self._subscribe(url) if self.credentials.get("topic_arn") else None

    def _subscribe(self, url: str) -> Registration:
        """Subscribe to the topic; SNS asks for a confirmation, which `published` gives."""
        topic = {"TopicArn": self.credentials["topic_arn"], "Protocol": "https", "Endpoint": url}
        request = HttpRequest(
            method="POST",
            url=f"https://sns.{self.credentials['region']}.amazonaws.com/",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode({"Action": "Subscribe", "Version": SNS_VERSION, **topic}).encode(),
            sends=False,
        )
        self.read((yield signed(request, self.credentials, "sns")))
        return {}

    def refusal_of(self, response: HttpResponse) -> Refusal:
        told = parsed(response.body)
        named = response.headers.get("x-amzn-errortype") or str(told.get("__type", ""))
        code = named.partition(":")[0].rpartition("#")[2]
        words = str(told.get("message") or told.get("Message") or "")
        return Refusal(response.status, code, words, response.headers)

    def _letter(self, outbound: Outbound) -> bytes:
        own = self.credentials
        sender = Sender(own["from_address"], own.get("from_name", ""), own.get("reply_to", ""))
        sent_at = datetime.fromtimestamp(type(self).clock(), UTC)
        return build(sender, outbound, sent_at=sent_at).as_bytes()

    def _url(self, path: str) -> str:
        return self.api_url(path, f"https://email.{self.credentials['region']}.amazonaws.com")
