"""Migration operations: make tables, put them under row-level security, partition them by id."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.backends.base.schema import BaseDatabaseSchemaEditor as Editor
from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

# Each expression exactly so: the plan takes it once per query, not once per row
# (docs/why/tenancy.md; `= any((select ...)::uuid[])` costs 2.4 times more).
ONE = "(select nullif(current_setting('app.tenant_id', true), '')::uuid)"
SET = (
    "any(array(select unnest(string_to_array(nullif(current_setting('app.tenant_ids', true), ''),"
    " ','))::uuid))"
)


class CreateTogether(Operation):
    """Create many models as one operation; they may refer to each other.

    Django renders all related models anew for each operation: apart, the tables of an empty
    database take longer to render than to make.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, models: list[CreateModel]) -> None:
        self.models = models

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Add all models, to be rendered when they are asked for."""
        state.__dict__.pop("apps", None)
        for model in self.models:
            model.state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, editor: Editor, before: ProjectState, to: ProjectState
    ) -> None:
        """Create the tables."""
        for model in self.models:
            model.database_forwards(app_label, editor, before, to)

    def database_backwards(
        self, app_label: str, editor: Editor, before: ProjectState, to: ProjectState
    ) -> None:
        """Drop the tables."""
        for model in reversed(self.models):
            model.database_backwards(app_label, editor, before, to)

    def describe(self) -> str:
        """Say it in the migration's plan."""
        return f"Create {', '.join(model.name for model in self.models)}"


class _TableOperation(Operation):
    reduces_to_sql = True
    reversible = True

    def __init__(self, model: str) -> None:
        self.model = model

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing that Django knows of."""

    def table(self, app_label: str, state: ProjectState) -> str:
        """Name the model's table."""
        return str(state.apps.get_model(app_label, self.model)._meta.db_table)


class Protect(_TableOperation):
    """ENABLE and FORCE row-level security with one policy per role, and grant what is needed.

    column: holds the tenant's id. verbs: what app and worker may do ("select, insert" makes a
    table append-only). platform: what the cross-tenant role may do, for tables of ids only.
    """

    def __init__(
        self,
        model: str,
        *,
        column: str = "tenant_id",
        verbs: str = "select, insert, update, delete",
        platform: str = "",
    ) -> None:
        super().__init__(model)
        self.column = column
        self.verbs = verbs
        self.platform = platform

    def database_forwards(
        self, app_label: str, editor: Editor, before: ProjectState, to: ProjectState
    ) -> None:
        """Write policies and grants."""
        for statement in self._statements(self.table(app_label, to)):
            editor.execute(statement)

    def database_backwards(
        self, app_label: str, editor: Editor, before: ProjectState, to: ProjectState
    ) -> None:
        """Take policies and grants back."""
        table = self.table(app_label, before)
        for policy in ("owner", "app", "worker", "support", "platform"):
            editor.execute(f'DROP POLICY IF EXISTS "{policy}" ON "{table}"')
        editor.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')
        editor.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')

    def _statements(self, table: str) -> list[str]:
        role = {word: f'"{name}"' for word, name in settings.DATABASE_ROLES.items()}
        out = [
            f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
            f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
            f'REVOKE ALL ON "{table}" FROM {role["app"]}, {role["worker"]}, {role["support"]}',
            f'CREATE POLICY owner ON "{table}" TO {role["owner"]} USING (true)',
            f'CREATE POLICY app ON "{table}" TO {role["app"]} USING ({self.column} = {ONE})',
            f'CREATE POLICY worker ON "{table}" TO {role["worker"]} USING ({self.column} = {SET})',
            f'CREATE POLICY support ON "{table}" FOR SELECT TO {role["support"]} USING (true)',
            f'GRANT {self.verbs} ON "{table}" TO {role["app"]}, {role["worker"]}',
            f'GRANT select ON "{table}" TO {role["support"]}',
        ]
        if self.platform:
            out += [
                f'CREATE POLICY platform ON "{table}" TO {role["platform"]} USING (true)',
                f'GRANT {self.platform} ON "{table}" TO {role["platform"]}',
            ]
        return out

    def describe(self) -> str:
        """Say it in the migration's plan."""
        return f"Row-level security on {self.model}"


class PartitionById(_TableOperation):
    """Rebuild an empty table as RANGE(id) partitions by month; follow with Protect.

    Stands in the migration that creates the model: Django makes its indexes at the end of that.
    fillfactor: of its partitions, in percent; less than 100 for rows that are updated.
    has_key: False spares the primary key's index where nobody asks for one row.
    """

    def __init__(self, model: str, *, fillfactor: int = 100, has_key: bool = True) -> None:
        super().__init__(model)
        self.fillfactor = fillfactor
        self.has_key = has_key

    def database_forwards(
        self, app_label: str, editor: Editor, before: ProjectState, to: ProjectState
    ) -> None:
        """Swap the plain table for a partitioned one of the same columns."""
        table = self.table(app_label, to)
        editor.execute(f'ALTER TABLE "{table}" RENAME TO "{table}_plain"')
        editor.execute(
            f'CREATE TABLE "{table}" (LIKE "{table}_plain" INCLUDING DEFAULTS INCLUDING CONSTRAINTS'
            f" INCLUDING IDENTITY) PARTITION BY RANGE (id)"
        )
        editor.execute(f'DROP TABLE "{table}_plain"')
        if self.has_key:
            editor.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_pkey" PRIMARY KEY (id)')
        editor.execute("INSERT INTO kolokol_partitioned VALUES (%s, %s)", [table, self.fillfactor])
        editor.execute("SELECT kolokol_make_partitions()")

    def database_backwards(
        self, app_label: str, editor: Editor, before: ProjectState, to: ProjectState
    ) -> None:
        """Forget the table; dropping it is CreateModel's own way back."""
        table = self.table(app_label, before)
        editor.execute("DELETE FROM kolokol_partitioned WHERE name = %s", [table])

    def describe(self) -> str:
        """Say it in the migration's plan."""
        return f"Monthly partitions of {self.model}"


class TenantForeignKey(_TableOperation):
    """A composite foreign key (tenant_id, column): PostgreSQL's own check ignores row security."""

    def __init__(self, model: str, column: str, target: str, *, on_delete: str = "CASCADE") -> None:
        super().__init__(model)
        self.column = column
        self.target = target
        self.on_delete = on_delete

    def database_forwards(
        self, app_label: str, editor: Editor, before: ProjectState, to: ProjectState
    ) -> None:
        """Add the key; deferred, as Django's own are, so bulk writes may come in any order."""
        table = self.table(app_label, to)
        editor.execute(
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_{self.column}_tenant"'
            f' FOREIGN KEY (tenant_id, "{self.column}") REFERENCES "{self.target}" (tenant_id, id)'
            f" ON DELETE {self._action()} DEFERRABLE INITIALLY IMMEDIATE"
        )

    def _action(self) -> str:
        # SET NULL must spare tenant_id itself
        return f'SET NULL ("{self.column}")' if self.on_delete == "SET NULL" else self.on_delete

    def database_backwards(
        self, app_label: str, editor: Editor, before: ProjectState, to: ProjectState
    ) -> None:
        """Drop the key."""
        table = self.table(app_label, before)
        editor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{table}_{self.column}_tenant"')

    def describe(self) -> str:
        """Say it in the migration's plan."""
        return f"{self.model}.{self.column} stays inside its tenant"


def sql_names() -> dict[str, Any]:
    """Give role names, quoted, for hand-written migration SQL."""
    return {word: f'"{name}"' for word, name in settings.DATABASE_ROLES.items()}
