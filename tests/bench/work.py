"""Where do rows come from that no trigger wrote? Due work of many salons, and a long history."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.bench.salon import Salon
from tests.bench.servers import Servers
from tests.bench.text import payload


def write_due(servers: Servers, salons: Sequence[Salon], run: str) -> None:
    """Write one ready message for each client of these salons, as triggers would have."""
    ids = [salon.id for salon in salons]
    with servers.admin.transaction():
        servers.admin.execute(
            "create temp table e on commit drop as select kolokol_uuid7() as id, w.tenant_id,"
            " w.id as workflow_id, w.published_id as version_id from notifications_workflow w"
            " where w.tenant_id = any(%s) and w.identifier = 'bench-normal'",
            [ids],
        )
        servers.admin.execute(
            "insert into notifications_event (id, tenant_id, mode, transaction_id, workflow_id,"
            " version_id, payload, overrides, recipients, queue, due_at) select e.id, e.tenant_id,"
            " 'live', e.id::text, e.workflow_id, e.version_id, %s, '{}', '[]', 2, now() from e",
            [json.dumps(payload(run))],
        )
        servers.admin.execute(
            "with n as (insert into notifications_notification (id, tenant_id, event_id,"
            " subscriber_id, state, reason) select kolokol_uuid7(), e.tenant_id, e.id, s.id,"
            " 'pending', '' from e join tenants_subscriber s on s.tenant_id = e.tenant_id"
            " returning id, tenant_id) insert into notifications_due (tenant_id, notification_id,"
            " queue, state, step, attempt, claims, flags, due_at)"
            " select tenant_id, id, 2, 1, 0, 0, 0, 0, now() from n"
        )


def write_history(servers: Servers, salon: Salon, count: int, text: str) -> None:
    """Write so many finished messages with their log lines: what a table looks like in life."""
    servers.admin.execute(
        "with s as (select id, row_number() over () as n from tenants_subscriber"
        " where tenant_id = %(tenant)s), e as (select gen_random_uuid() as event),"
        " n as (insert into notifications_notification (id, tenant_id, event_id, subscriber_id,"
        " state, reason, finished_at) select kolokol_uuid7(), %(tenant)s, e.event, s.id,"
        " 'completed', '', now() from e, generate_series(0, %(count)s - 1) g"
        " join s on s.n = g %% %(people)s + 1 returning id),"
        " m as (insert into notifications_message (id, tenant_id, notification_id, integration_id,"
        " channel, provider, step, state, provider_id, language, address, title, body, reason)"
        " select kolokol_uuid7(), %(tenant)s, n.id, %(integration)s, 'telegram', 'telegram', 0,"
        " 'sent', 'h' || row_number() over (), 'ru', '***', '', %(text)s, '' from n"
        " returning id, notification_id)"
        " insert into notifications_logentry (id, tenant_id, notification_id, message_id, step,"
        " status, reason, detail) select kolokol_uuid7(), %(tenant)s, m.notification_id, m.id, 0,"
        " 'sent', '', '' from m",
        {
            "tenant": salon.id,
            "people": salon.people,
            "count": count,
            "text": text,
            "integration": servers.one(
                "select id from channels_integration where tenant_id = %s", [salon.id]
            ),
        },
    )
