"""SMS providers: Twilio, SMSC.ru, SMS Aero, SMS.ru."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tests.providers import hooks
from tests.providers.fake import Fake, Letter, need
from tests.providers.server import Call, Reply, as_json

FORM = {"application/x-www-form-urlencoded", "multipart/form-data"}
DIGITS = re.compile(r"[1-9]\d{7,14}")


def twilio_error(status: int, code: int, words: str = "", **headers: str) -> Reply:
    """Write an error of Twilio."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": words or str(code), "more_info": more, "status": status}
    return as_json(status, body, headers)


class Twilio(Fake):
    """2010-04-01/Accounts/<sid>/Messages.json: a form with To, From and Body."""

    name = "twilio"
    sid, token = "AC" + "a" * 32, "TWILIO-TOKEN"
    failure = twilio_error(500, 20500, "Internal Server Error")
    refusals = {
        "throttle": twilio_error(429, 20429, "Too Many Requests"),
        "queue": twilio_error(429, 21611, "This From number has exceeded the maximum queue"),
        "address": twilio_error(400, 21211, "Invalid 'To' Phone Number: +7999"),
        "landline": twilio_error(400, 21614, "'To' number is not a valid mobile number"),
        "stopped": twilio_error(400, 21610, "Attempt to send to unsubscribed recipient"),
        "route": twilio_error(400, 21612, "The 'To' phone number is not reachable via SMS"),
        "content": twilio_error(400, 21617, "The concatenated message body exceeds the limit"),
        "sender": twilio_error(400, 21606, "The 'From' phone number is not valid"),
        "geo": twilio_error(403, 21408, "Permission to send an SMS has not been enabled"),
        "trial": twilio_error(400, 21608, "The number is unverified. Trial accounts cannot send"),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        need(
            call.login == (self.sid, self.token), "login", twilio_error(401, 20003, "Authenticate")
        )
        start = f"/2010-04-01/Accounts/{self.sid}"
        if call.method == "GET":
            return as_json(200, {"sid": self.sid, "status": "active"})
        need(call.path == f"{start}/Messages.json", "path", twilio_error(404, 20404, "not found"))
        need(call.content_type in FORM, "content type", twilio_error(400, 21604))
        form = call.form()
        need(re.fullmatch(r"\+[1-9]\d{7,14}", form.get("To", "")), "To", self.refusals["address"])
        sender = form.get("From") or form.get("MessagingServiceSid")
        need(sender, "From", twilio_error(400, 21603, "A 'From' phone number is required."))
        need(form.get("Body"), "Body", twilio_error(400, 21602, "Message body is required."))
        need(len(form["Body"]) <= 1600, "length", self.refusals["content"])
        validity = int(form.get("ValidityPeriod", "14400"))
        need(1 <= validity <= 36_000, "ValidityPeriod", twilio_error(400, 21620))
        return [Letter(form["To"], form["Body"])]

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        sid = f"SM{len(self.letters):032x}"
        body = {"sid": sid, "status": "queued", "num_segments": "1", "price": None}
        return as_json(201, {**body, "error_code": None, "to": letters[0].recipient})


def smsc_error(code: int, words: str) -> Reply:
    """Write an error of SMSC: always HTTP 200."""
    return as_json(200, {"error": words, "error_code": code})


class Smsc(Fake):
    """sys/send.php or rest/send/; the same request within a minute is error 9."""

    name = "smsc"
    login, password, key = "salon", "SMSC-PASSWORD", "SMSC-APIKEY"
    failure = Reply(500, b"<html>500</html>", {"Content-Type": "text/html"})
    refusals = {
        "throttle": smsc_error(9, "too many concurrent requests"),
        "blocked_ip": smsc_error(4, "ip is blocked"),
        "address": smsc_error(7, "invalid number"),
        "undeliverable": smsc_error(8, "message can not be delivered"),
        "content": smsc_error(6, "message is denied"),
        "parameters": smsc_error(1, "parameters error"),
        "billing": smsc_error(3, "not enough money"),
        "novel": smsc_error(77, "something new"),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        form = self._fields(call)
        known = (form.get("login"), form.get("psw")) == (self.login, self.password)
        known = known or form.get("apikey") == self.key
        need(known, "login", smsc_error(2, "invalid login or password"))
        if call.path == "/sys/status.php":
            return self._status(str(form.get("phone")), str(form.get("id")))
        if not call.path.startswith(("/sys/send.php", "/rest/send")):
            return as_json(200, {"balance": "137.45"})
        wrong = self.refusals["parameters"]
        need(call.method == "POST", "secrets in the address", wrong)
        is_json = call.path.startswith("/rest/")
        need(is_json or form.get("fmt") == "3", "fmt", Reply(200, b"ERROR = 1 (parameters error)"))
        need(is_json or form.get("charset", "").lower() == "utf-8", "charset", wrong)
        phone = str(form.get("phones", "")).removeprefix("+")
        need(DIGITS.fullmatch(phone), "phones", self.refusals["address"])
        text = form.get("mes", "")
        need(1 <= len(text) <= 1000, "length", wrong)
        ours = str(form.get("id", ""))
        need(not ours or (ours.isdigit() and 1 <= int(ours) < 2**31), "id", wrong)
        return [Letter(phone, text, ours, f"{phone}:{text}:{ours}")]

    def _status(self, phone: str, ours: str) -> Reply:
        if (phone, ours) in {(one.recipient, one.id) for one in self.letters}:
            return as_json(200, {"status": 0, "last_timestamp": 1795168800, "err": 0})
        return as_json(200, {"status": -3})

    def _fields(self, call: Call) -> dict[str, Any]:
        if call.content_type == "application/json":
            return {**call.query, **call.json()}
        return {**call.query, **call.form()}

    def repeat(self, first: Reply) -> Reply:
        return smsc_error(9, "duplicate request, wait a minute")

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        number = int(letters[0].id or 734912345)
        return as_json(200, {"id": number, "cnt": 1, "cost": "4.10", "balance": "137.45"})


class SmsAero(Fake):
    """v2/sms/send: JSON with number, text and an approved sign."""

    name = "smsaero"
    email, key, sign = "salon@beauty.example", "SMSAERO-KEY", "SALON"
    failure = as_json(500, {"success": False, "message": "Internal error"})
    refusals = {
        "throttle": as_json(429, {"success": False, "message": "Too many requests"}),
        "billing": as_json(200, {"result": "no credits"}),
        "content": as_json(200, {"result": "reject", "reason": "incorrect text"}),
        "sign": as_json(200, {"result": "reject", "reason": "incorrect sign"}),
        "invalid": as_json(
            400,
            {"success": False, "data": {"text": ["Incorrect"]}, "message": "Validation error."},
        ),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        denied = as_json(401, {"success": False, "data": None, "message": "Unauthorized"})
        need(call.login == (self.email, self.key), "login", denied)
        if call.path != "/v2/sms/send":
            return as_json(200, {"success": True, "data": {"balance": 337.03}, "message": None})
        wrong = self.refusals["invalid"]
        need(call.method == "POST", "method", wrong)
        need(call.content_type == "application/json", "content type", wrong)
        body = call.json()
        number = str(body.get("number", ""))
        need(DIGITS.fullmatch(number), "number", wrong)
        need(2 <= len(body.get("text", "")) <= 640, "length", wrong)
        need(body.get("sign") == self.sign, "sign", self.refusals["sign"])
        return [Letter(number, body["text"])]

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        data = {"id": 12345678, "from": self.sign, "number": letters[0].recipient, "status": 0}
        return as_json(200, {"success": True, "data": data, "message": None})


def smsru_error(code: int) -> Reply:
    """Write an error of SMS.ru about the whole request."""
    return as_json(200, {"status": "ERROR", "status_code": code, "status_text": "..."})


def smsru_number(code: int) -> Reply:
    """Write an error of SMS.ru about the one number of a request."""
    one = {"status": "ERROR", "status_code": code, "status_text": "..."}
    return as_json(200, {"status": "OK", "status_code": 100, "sms": {"{to}": one}, "balance": 1.5})


class SmsRu(Fake):
    """sms/send: a form; each number has its own status inside a 100."""

    name = "smsru"
    api_id = "SMSRU-API-ID"
    failure = smsru_error(500)
    refusals = {
        "throttle": smsru_number(231),
        "daily": smsru_error(206),
        "busy": smsru_error(220),
        "address": smsru_number(202),
        "route": smsru_number(207),
        "stopped": smsru_number(209),
        "content": smsru_number(203),
        "too_long": smsru_number(205),
        "sender": smsru_error(204),
        "billing": smsru_error(201),
        "novel": smsru_number(777),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        need(call.method == "POST", "method", smsru_error(210))
        need(call.content_type in FORM, "content type", smsru_error(211))
        form = call.form()
        need(form.get("api_id") == self.api_id, "api_id", smsru_error(200))
        if hooked := hooks.smsru(self, call):
            return hooked
        if call.path.startswith("/my/") or call.path.startswith("/auth/"):
            return as_json(200, {"status": "OK", "status_code": 100, "balance": 4122.56})
        need(call.path == "/sms/send", "path", smsru_error(211))
        need(form.get("json") == "1", "json", Reply(200, b"100\n000000-1\nbalance=1"))
        texts = {name[3:-1]: text for name, text in form.items() if name.startswith("to[")}
        if "to" in form:
            texts |= {number: form.get("msg", "") for number in form["to"].split(",")}
        need(1 <= len(texts) <= 100, "numbers", smsru_error(213))
        need(all(DIGITS.fullmatch(number) for number in texts), "number", smsru_error(202))
        need(all(texts.values()), "text", smsru_error(203))
        need(1 <= int(form.get("ttl", "1")) <= 1440, "ttl", smsru_error(208))
        return [Letter(number, text) for number, text in texts.items()]

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        taken = {
            letter.recipient: {
                "status": "OK",
                "status_code": 100,
                "sms_id": f"000000-{len(self.letters):08}",
            }
            for letter in letters
        }
        return as_json(200, {"status": "OK", "status_code": 100, "sms": taken, "balance": 4122.56})
