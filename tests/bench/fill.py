"""Where do the salons, clients and keys of a measurement come from? Copied in SQL, not measured."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import sql

from tests.bench import model_salon
from tests.bench.salon import Salon
from tests.bench.servers import Servers
from tests.bench.ways import CHAT, Credentials, Way

OWN_LIMIT = 10_000_000  # recipients of one salon have numbers below this
_HOT = ("event", "eventkey", "notification", "message", "logentry", "due", "chunk", "range")
_BESIDE = ("batch", "fanout", "counter", "deadletter", "receivedcallback")
_HOT_TABLES = [f"notifications_{table}" for table in (*_HOT, *_BESIDE)]


@dataclass(frozen=True)
class _Copied:
    """One table of a salon's configuration: which columns name other copied rows."""

    table: str
    ids: Sequence[str] = ("id",)
    where: str = "true"


_CONFIGURATION = (
    _Copied("tenants_location"),
    _Copied("notifications_messagetemplate", ("id", "published_id")),
    _Copied("notifications_templateversion", ("id", "template_id")),
    _Copied("notifications_workflow", ("id", "published_id")),
    _Copied("notifications_step", ("id", "workflow_id", "template_id")),
    _Copied("notifications_workflowversion", ("id", "workflow_id")),
    _Copied("channels_integration"),
)
_DERIVED = "md5({0}::text || c.tenant::text)::uuid"


class Filling:
    """Makes copies of model salons in one database."""

    def __init__(self, servers: Servers, provider_url: str) -> None:
        self.servers = servers
        self.model = model_salon.make_model(provider_url)
        self.made = 0

    def salons(self, count: int, people: int, provider_url: str = "") -> list[Salon]:
        """Make salons with so many clients each, a key each, and perhaps another provider."""
        return self._copies(self.model, count, people, CHAT, provider_url)

    def campaigner(self, way: Way, people: int, account: Credentials) -> Salon:
        """Make a salon with so many clients, whose campaigns go out by this way."""
        model = model_salon.make_campaigner(f"bench-model-{self.made}", way, account)
        return self._copies(model, 1, people, way, "")[0]

    def _copies(
        self, model: UUID, count: int, people: int, way: Way, provider_url: str
    ) -> list[Salon]:
        numbers = range(self.made, self.made + count)
        self.made += count
        salons = [
            Salon(
                UUID(hashlib.md5(f"salon {n}".encode(), usedforsecurity=False).hexdigest()),
                f"kk_live_{secrets.token_hex(24)}",
                people,
                n * OWN_LIMIT,
            )
            for n in numbers
        ]
        admin = self.servers.admin
        with admin.transaction():
            # The copies are whole by construction; keys and triggers would only cost time.
            admin.execute("set local session_replication_role = replica")
            self._number(model, salons, numbers)
            self._copy_tenants()
            for copied in _CONFIGURATION:
                self._copy(copied)
            self._write_people(people, way)
            self._write_keys(salons)
            if provider_url:
                self._point_to(provider_url)
        for table in ("tenants_subscriber", "tenants_address", "tenants_apikey", "tenants_consent"):
            admin.execute(f"vacuum analyze {table}")
        return salons

    def _number(self, model: UUID, salons: Iterable[Salon], numbers: Iterable[int]) -> None:
        admin = self.servers.admin
        columns = "n int, model uuid, tenant uuid, chat bigint"
        admin.execute(f"create temp table c ({columns}) on commit drop")
        with admin.cursor().copy("copy c from stdin") as copy:
            for number, salon in zip(numbers, salons, strict=True):
                copy.write_row((number, model, salon.id, salon.first_chat))

    def _copy_tenants(self) -> None:
        columns = [
            (name, {"id": "c.tenant", "slug": "'salon-' || c.n"}.get(name, f"t.{name}"))
            for name in self._columns("tenants_tenant")
        ]
        self._insert("tenants_tenant", columns, "t.id = c.model")

    def _copy(self, copied: _Copied) -> None:
        columns = []
        for name in self._columns(copied.table):
            value = f't."{name}"'
            if name in copied.ids:
                value = _DERIVED.format(value)
            elif name == "tenant_id":
                value = "c.tenant"
            elif name == "document":
                value = self._document()
            columns.append((name, value))
        self._insert(copied.table, columns, f"t.tenant_id = c.model and {copied.where}")

    def _document(self) -> str:
        """Rename the templates that a workflow's document points to: at most one per step."""
        value = "t.document::text"
        for step in range(6):
            old = f"(t.document #>> '{{steps,{step},template}}')"
            new = f"{_DERIVED.format(old)}::text"
            value = f"replace({value}, coalesce({old}, '-'), coalesce({new}, '-'))"
        return f"({value})::jsonb"

    def _insert(self, table: str, columns: Sequence[tuple[str, str]], where: str) -> None:
        statement = sql.SQL("insert into {} ({}) select {} from {} t cross join c where {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
            sql.SQL(", ").join(sql.SQL(value) for _, value in columns),
            sql.Identifier(table),
            sql.SQL(where),
        )
        self.servers.admin.execute(statement)

    def _columns(self, table: str) -> list[str]:
        query = (
            "select column_name from information_schema.columns where table_schema = 'public'"
            " and table_name = %s order by ordinal_position"
        )
        return [row[0] for row in self.servers.admin.execute(query, [table])]

    def _write_people(self, people: int, way: Way) -> None:
        admin = self.servers.admin
        admin.execute(
            "insert into tenants_subscriber (id, tenant_id, mode, subscriber_id, kind, first_name,"
            " last_name, avatar, language, timezone, preferred_channel, data, created_at,"
            " updated_at) select kolokol_uuid7(), c.tenant, 'live', 'c-' || p, 'client', 'Анна',"
            " 'Королёва', '', '', '', '', '{}', now(), now()"
            " from c cross join generate_series(1, %s) p",
            [people],
        )
        admin.execute(
            "insert into tenants_consent (id, tenant_id, subscriber_id, purpose, channel, given,"
            " text_version, source, actor, evidence, at) select kolokol_uuid7(), s.tenant_id, s.id,"
            " 'advertising', '', true, '', 'bench', 'bench', '', now()"
            " from c join tenants_subscriber s on s.tenant_id = c.tenant"
        )
        if way.address_kind:
            statement = sql.SQL(
                "insert into tenants_address (id, tenant_id, subscriber_id, kind, value, state,"
                " reason, changed_at) select kolokol_uuid7(), s.tenant_id, s.id, %s, {},"
                " 'active', '', now() from c join tenants_subscriber s on s.tenant_id = c.tenant"
                " cross join lateral (select substr(s.subscriber_id, 3)::bigint as p) numbered"
            ).format(sql.SQL(way.address))
            admin.execute(statement, [way.address_kind])

    def _write_keys(self, salons: Iterable[Salon]) -> None:
        admin = self.servers.admin
        with admin.cursor().copy(
            "copy tenants_apikey (id, tenant_id, name, prefix, digest, mode, scopes, created_at,"
            " rotate_after) from stdin"
        ) as copy:
            for salon in salons:
                digest = hashlib.sha256(salon.key.encode()).hexdigest()
                head = (UUID(digest[:32]), salon.id, "bench", salon.key[:16], digest, "live")
                copy.write_row((*head, "[]", "2026-01-01", "2099-01-01"))

    def _point_to(self, provider_url: str) -> None:
        self.servers.admin.execute(
            "update channels_integration i set credentials = %s from c"
            " where i.tenant_id = c.tenant and i.provider = 'telegram'",
            [model_salon.credentials(provider_url)],
        )


def forget_work(servers: Servers) -> None:
    """Empty the tables of the delivery path: each measurement starts from the same state."""
    servers.admin.execute(f"truncate {', '.join(_HOT_TABLES)}")


def has_open_work(servers: Servers) -> bool:
    """Ask whether anything still has to be expanded or sent."""
    tables = ("due", "chunk", "range", "fanout")
    query = " or ".join(f"exists (table notifications_{table})" for table in tables)
    return bool(servers.one(f"select {query}"))


def sizes(servers: Servers) -> dict[str, int]:
    """Measure the delivery path's tables in bytes, with their indexes and all partitions."""
    rows = servers.admin.execute(
        "select substring(c.relname from '^notifications_([a-z]+)'),"
        " sum(pg_total_relation_size(c.oid))::bigint from pg_class c where c.relkind = 'r'"
        " and c.relname ~ %s group by 1",
        ["^notifications_(" + "|".join((*_HOT, *_BESIDE)) + ")"],
    )
    return dict(rows.fetchall())
