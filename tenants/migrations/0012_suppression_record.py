"""A line of the list stays when it is lifted: who put it there and why, who lifted it and why."""

from django.db import migrations, models

FUNCTION = """
CREATE OR REPLACE FUNCTION kolokol_keep_suppressed() RETURNS trigger LANGUAGE plpgsql AS $$
begin
  if exists (select 1 from tenants_suppression s where s.tenant_id = new.tenant_id
      and s.kind = new.kind and s.value = new.value{open}) then
    new.state := 'suppressed';
    new.reason := 'listed';
  end if;
  return new;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0011_suppressions"),
    ]

    operations = [
        migrations.RenameField("suppression", "source", "added_by"),
        migrations.AlterField(
            "suppression",
            "added_by",
            models.CharField(editable=False, max_length=64, verbose_name="by"),
        ),
        migrations.AlterField(
            "suppression",
            "created_at",
            models.DateTimeField(auto_now_add=True, verbose_name="since"),
        ),
        migrations.AddField(
            "suppression",
            "note",
            models.CharField(blank=True, max_length=200, verbose_name="why"),
        ),
        migrations.AddField(
            "suppression",
            "lifted_at",
            models.DateTimeField(editable=False, null=True, verbose_name="lifted"),
        ),
        migrations.AddField(
            "suppression",
            "lifted_by",
            models.CharField(blank=True, editable=False, max_length=64, verbose_name="lifted by"),
        ),
        migrations.AddField(
            "suppression",
            "lift_note",
            models.CharField(blank=True, max_length=200, verbose_name="why it was lifted"),
        ),
        migrations.RemoveConstraint("suppression", "suppression_once"),
        migrations.AddConstraint(
            "suppression",
            models.UniqueConstraint(
                condition=models.Q(lifted_at=None),
                fields=("tenant", "kind", "value"),
                name="suppression_once",
            ),
        ),
        migrations.RunSQL(
            FUNCTION.format(open=" and s.lifted_at is null"), FUNCTION.format(open="")
        ),
    ]
