"""The commands of the delivery path, as calls and as processes: effects, exit codes, JSON."""

from __future__ import annotations

import contextlib
import io
import json
import signal
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from channels.models import Integration
from notifications.models import MessageTemplate, Notification, Workflow
from tenants.accounts import issue_key
from tenants.models import ApiKey, Tenant
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.commands import manage, python, said, start
from tests.factories import SubscriberFactory, word
from tests.isolation.planting import forget_open_work
from tests.notifications.conftest import VISIT

EVERY = "schedule create_tenant rotate_key trigger send_test dispatch purge deadletter doctor"
#: Asks each command for its help as a shell does, one after the other in one process.
HELP_OF_ALL = """
import sys
from manage import main
HEAVY = {"rest_framework.serializers", "liquid", "anymail", "jwt"}
for command in (commands := sys.argv[1:]):
    sys.argv = ["manage.py", command, "--help"]
    try:
        main()
    except SystemExit as ended:
        print("ended", command, ended.code)
    print("loaded", command, *HEAVY & sys.modules.keys())
"""


def run(*words: str, **options):
    """Call a command in this process; give what it printed, read as JSON."""
    out = io.StringIO()
    call_command(*words, **options, stdout=out)
    return json.loads(out.getvalue()) if "--json" in words else out.getvalue()


def refused(*words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(*words)
    return caught.value


@pytest.fixture(autouse=True)
def clean_queue():
    forget_open_work()
    yield
    forget_open_work()


@pytest.fixture
def reminders(reminders):
    """The same, with the scenarios that every new salon has."""
    assert reminders.seeded
    return reminders


def test_help_speaks_where_nothing_is_set_up():
    servers = ("SECRET_KEY", "ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL")

    result = python(HELP_OF_ALL, *EVERY.split(), **dict.fromkeys(servers))

    ended = [line.split()[1:] for line in result.stdout.splitlines() if line.startswith("ended")]
    assert ended == [[command, "0"] for command in EVERY.split()], result.stderr
    for command in EVERY.split():
        assert f"usage: manage.py {command}" in result.stdout
    # of the libraries that only pages, texts and providers need a mere start loads none
    assert "loaded schedule\n" in result.stdout


@pytest.mark.parametrize("command", ["create_tenant", "rotate_key", "trigger", "send_test"])
def test_missing_arguments_are_exit_code_2(command):
    result = said(command)

    assert result.returncode == 2
    assert "usage:" in result.stderr


# --- create_tenant ---------------------------------------------------------------------------


def test_a_salon_is_made_with_scenarios_phone_and_keys_that_open():
    slug = word("rosa")

    result = manage("create_tenant", slug, "--name", "Роза", "--language", "en", "--json")

    assert result.returncode == 0, result.stderr
    made = json.loads(result.stdout)
    assert made["name"] == "Роза"
    assert made["workflows"] > 0
    for key in ("live_key", "test_key"):
        assert Api(made[key]).get("/v2/subscribers").status_code == 200
    with tenant_scope(made["id"]):
        assert Tenant.objects.get(slug=slug).language == "en"
        assert Integration.objects.filter(provider="sandbox").count() == 1


def test_a_salon_may_start_without_scenarios():
    made = run("create_tenant", word("bare"), "--no-pack", "--sandbox", "--json")

    with tenant_scope(made["id"]):
        assert set(Workflow.objects.values_list("pack", flat=True)) == {"answers"}
        assert Tenant.objects.get().is_sandbox


def test_a_taken_identifier_is_exit_code_1_and_makes_nothing(salon):
    result = said("create_tenant", salon.slug)

    assert result.returncode == 1
    assert result.stderr == f"CommandError: The identifier '{salon.slug}' is taken.\n"


def test_bad_values_name_the_field_and_are_exit_code_2():
    fault = refused("create_tenant", "Bad Slug", "--timezone", "Mars/Phobos")

    assert fault.returncode == 2
    assert "identifier must be" in str(fault)
    assert "timezone must be an IANA name" in str(fault)


def test_an_unknown_pack_leaves_no_salon_behind():
    slug = word("half")

    assert refused("create_tenant", slug, "--pack", "nonsense").returncode == 2
    assert run("create_tenant", slug, "--no-pack", "--json")["slug"] == slug


# --- rotate_key ------------------------------------------------------------------------------


def test_a_rotated_key_and_its_successor_both_work_until_the_overlap_ends(salon):
    old, old_text = issue_key(salon.pk, "test", "till")

    made = run(
        "rotate_key", "--tenant", salon.slug, "--prefix", old.prefix, "--overlap", "2", "--json"
    )

    for text in (old_text, made["key"]):
        assert Api(text).get("/v2/subscribers").status_code == 200
    ends = datetime.fromisoformat(made["old_key_ends"]) - datetime.now(UTC)
    assert timedelta(hours=1.9) < ends < timedelta(hours=2)
    assert made["mode"] == "test"


def test_a_key_of_another_salon_cannot_be_rotated(salon, other_salon):
    key, _ = issue_key(other_salon.pk, "live")

    fault = refused("rotate_key", "--tenant", salon.slug, "--id", str(key.pk))

    assert fault.returncode == 2


def test_a_prefix_of_several_keys_is_refused(salon):
    issue_key(salon.pk, "live")
    issue_key(salon.pk, "live")

    assert "Several" in str(refused("rotate_key", "--tenant", salon.slug, "--prefix", "kk_live_"))


def test_keys_that_are_due_are_listed(salon, other_salon):
    due, _ = issue_key(salon.pk, "live", now=datetime(2026, 1, 1, tzinfo=UTC))
    issue_key(salon.pk, "live")
    issue_key(other_salon.pk, "live", now=datetime(2026, 1, 1, tzinfo=UTC))

    listed = run("rotate_key", "--due", "--tenant", salon.slug, "--json")

    assert [key["id"] for key in listed] == [str(due.pk)]
    for tenant in (salon, other_salon):
        with tenant_scope(tenant.pk):
            ApiKey.objects.update(revoked_at=datetime.now(UTC))


# --- trigger, dispatch -----------------------------------------------------------------------


def trigger(reminders, *words: str):
    SubscriberFactory(tenant=reminders.salon, subscriber_id="anna", first_name="Анна")
    head = ["trigger", "appointment-reminder-24h", "--tenant", reminders.salon.slug, "--to", "anna"]
    return [*head, "--payload", json.dumps(VISIT), *words]


def test_a_trigger_is_accepted_once_per_transaction_id(reminders):
    words = trigger(reminders, "--transaction-id", "t-1", "--json")

    assert run(*words) == run(*words) == {"status": "processed", "transactionId": "t-1"}
    assert len(reminders.notifications) == 1


@contextlib.contextmanager
def courier():
    """A process that delivers, without Redis, until it is told to stop."""
    away = "redis://127.0.0.1:9/0"
    process = start("dispatch", "--loop", ALLOWED_PRIVATE_TARGETS="127.0.0.1", REDIS_URL=away)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        process.communicate()


def test_a_trigger_and_a_try_are_delivered_by_dispatch_without_redis_and_followed(
    reminders, provider, tmp_path
):
    payload = tmp_path / "visit.json"
    payload.write_text(json.dumps(VISIT))
    SubscriberFactory(tenant=reminders.salon, subscriber_id="anna")
    of = ("--tenant", reminders.salon.slug, "--timeout", "110")

    with courier():
        trigger = ("trigger", "appointment-reminder-24h", "--to", "anna", "--follow")
        followed = said(*trigger, "--payload", f"@{payload}", *of)
        sent = len(provider.bodies)
        tried = said(
            *("send_test", a_template(reminders), *of, "--json"),
            *("--phone", "+79161234567", "--mode", "live"),
        )

    assert (followed.returncode, tried.returncode) == (0, 0), followed.stdout + tried.stdout
    assert json.loads(tried.stdout)["states"] == ["completed"]
    assert [one.state for one in reminders.notifications] == ["completed", "completed"]
    (body,) = provider.bodies[sent:]  # by the real road to the provider
    assert body["address"] == "+79161234567"


def test_dispatch_drains_the_named_queue_and_stops(reminders):
    run(*trigger(reminders))

    assert run("dispatch", "--queue", "low", "--json")["claimed"] == 0
    assert run("dispatch", "--json")["claimed"] > 0
    assert reminders.due == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nonsense", "--to", "a"], "workflow 'nonsense' does not exist"),
        (["appointment-reminder-24h", "--to", "a"], "appointmentTime"),
        (["appointment-reminder-24h", "--to", ""], "to"),
    ],
)
def test_a_bad_trigger_names_the_field_and_is_exit_code_2(reminders, words, said):
    fault = refused("trigger", *words, "--tenant", reminders.salon.slug)

    assert fault.returncode == 2
    assert said in str(fault)
    assert reminders.notifications == []


@pytest.mark.parametrize("payload", ["{", "[]", "@/nowhere/at/all"])
def test_a_payload_that_is_no_object_is_exit_code_2(payload):
    result = said("trigger", "w", "--tenant", "t", "--to", "a", "--payload", payload)

    assert result.returncode == 2
    assert "argument --payload" in result.stderr


def test_an_unknown_salon_is_exit_code_2():
    fault = refused("trigger", "w", "--tenant", word("nobody"), "--to", "a")

    assert fault.returncode == 2


def test_a_suspended_salon_may_not_trigger(reminders):
    with tenant_scope(reminders.salon.pk):
        Tenant.objects.update(state="suspended", state_reason="unpaid")

    fault = refused(*trigger(reminders))

    assert (fault.returncode, str(fault)) == (1, "The salon is suspended: unpaid.")


def test_following_what_is_not_delivered_is_exit_code_1(reminders):
    fault = refused(*trigger(reminders, "--follow", "--timeout", "0.1"))

    assert fault.returncode == 1


# --- send_test -------------------------------------------------------------------------------


def a_template(reminders) -> str:
    with tenant_scope(reminders.salon.pk):
        templates = MessageTemplate.objects.filter(key__startswith="appointment-reminder-24h")
        return str(templates.order_by("key").last().key)


def test_two_tries_share_one_workflow_that_no_trigger_can_name(reminders):
    words = ["send_test", a_template(reminders), "--tenant", reminders.salon.slug]
    for _ in range(2):
        refused(*words, "--phone", "+79161234567", "--timeout", "0")

    with tenant_scope(reminders.salon.pk):
        workflow = Workflow.objects.get(identifier="template-try")
        assert workflow.versions.count() == 1
        assert Notification.objects.count() == 2
    fault = refused("trigger", "template-try", "--tenant", reminders.salon.slug, "--to", "a")
    assert "trigger_not_active" in str(fault)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nonsense", "--to", "a"], 2, "does not exist"),
        (["x", "--phone", "12"], 2, "phone"),
    ],
)
def test_a_try_of_nothing_is_exit_code_2(reminders, words, code, said):
    fault = refused("send_test", *words, "--tenant", reminders.salon.slug, "--timeout", "0")

    assert fault.returncode == code
    assert said in str(fault)


def test_nothing_of_a_try_reaches_the_provider_in_test_mode(reminders, provider):
    words = ["send_test", a_template(reminders), "--tenant", reminders.salon.slug]
    refused(*words, "--phone", "+79161234567", "--timeout", "0")

    run("dispatch")

    assert provider.bodies == []


def test_a_send_at_once_is_ready_at_once(reminders):
    """The API reads its clock inside the transaction, hence after PostgreSQL's now()."""
    _, key = issue_key(reminders.salon.pk, "live")
    body = {"name": "appointment-reminder-24h", "to": "anna", "payload": VISIT}

    assert Api(key).post("/v1/events/trigger", body).status_code == 201

    assert [line.state for line in reminders.due] == [1]
