"""Where does coverage not watch? Its trace function nearly doubles what Python's work costs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: Long ways through code whose lines others walk too: all of these add two percent.
WALKED_BY_OTHERS = {
    "tests/admin/test_admin_cases.py",
    "tests/admin/test_admin_isolation.py",
    "tests/admin/test_admin_publishing.py",
    "tests/admin/test_admin_reviews.py",
    "tests/admin/test_admin_roles.py",
    "tests/admin/test_admin_secrets.py",
    "tests/admin/test_login_limits.py",
    "tests/channels/phone/test_messages.py",
    "tests/channels/test_add_a_provider.py",
    "tests/channels/test_callback_surprises.py",
    "tests/channels/test_contract_guard.py",
    "tests/channels/test_contract_limits.py",
    "tests/channels/test_contract_probes.py",
    "tests/channels/test_limits.py",
    "tests/channels/test_sendgrid_batches.py",
    "tests/channels/test_smtp.py",
    "tests/channels/test_transport.py",
    "tests/config/test_embedded.py",
    "tests/config/test_schema.py",
    "tests/contract/test_schemathesis.py",
    "tests/isolation/test_canaries.py",
    "tests/isolation/test_credentials.py",
    "tests/isolation/test_pages.py",
    "tests/isolation/test_routes.py",
    "tests/isolation/test_tables.py",
    "tests/notifications/test_address_kinds.py",
    "tests/notifications/test_at_once.py",
    "tests/notifications/test_digest_edges.py",
    "tests/notifications/test_engine_batches.py",
    "tests/notifications/test_engine_email.py",
    "tests/notifications/test_engine_lost_answers.py",
    "tests/notifications/test_engine_outage.py",
    "tests/notifications/test_engine_recipients.py",
    "tests/notifications/test_engine_refused_accounts.py",
    "tests/notifications/test_engine_retries.py",
    "tests/notifications/test_engine_routes.py",
    "tests/notifications/test_engine_timing.py",
    "tests/notifications/test_engine_versions.py",
    "tests/notifications/test_engine_whatsapp.py",
    "tests/notifications/test_fanout.py",
    "tests/notifications/test_gate_table.py",
    "tests/notifications/test_inbound.py",
    "tests/notifications/test_inbound_texts.py",
    "tests/notifications/test_late_failures.py",
    "tests/notifications/test_limits.py",
    "tests/notifications/test_plain_reports.py",
    "tests/notifications/test_promotion.py",
    "tests/notifications/test_purge.py",
    "tests/notifications/test_redis_edges.py",
    "tests/notifications/test_rendering_plan.py",
    "tests/notifications/test_reports.py",
    "tests/notifications/test_running_edges.py",
    "tests/notifications/test_seeding.py",
    "tests/notifications/test_send_test.py",
    "tests/notifications/test_sends.py",
    "tests/notifications/test_settle.py",
    "tests/notifications/test_shown_commands.py",
    "tests/notifications/test_skip_reasons.py",
    "tests/notifications/test_step_decisions.py",
    "tests/notifications/test_step_pairs.py",
    "tests/notifications/test_step_waits.py",
    "tests/notifications/test_steps_page.py",
    "tests/notifications/test_story.py",
    "tests/notifications/test_tracking.py",
    "tests/notifications/test_tracking_effects.py",
    "tests/notifications/test_trigger_once.py",
    "tests/notifications/test_walks.py",
    "tests/notifications/test_webhook_alarms.py",
    "tests/notifications/test_workflow_files.py",
    "tests/notifications/webhooks/test_signing.py",
    "tests/tenants/test_upsert.py",
}


@contextmanager
def untraced() -> Iterator[None]:
    """Let this thread work without a trace function."""
    mine = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(mine)
