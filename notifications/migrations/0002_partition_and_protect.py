"""Partitions, row-level security and grants of the delivery path."""

from django.db import migrations

from tenants.rls import PartitionById, Protect, TenantForeignKey, sql_names

TUNE = """
ALTER TABLE notifications_due SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE notifications_chunk SET (autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 100, autovacuum_vacuum_cost_delay = 0);
CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON notifications_messagetemplate
  FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed();
CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON notifications_workflow
  FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed();
GRANT usage ON SEQUENCE notifications_chunk_id_seq TO {worker};
GRANT select, insert, update, delete ON notifications_batch TO {app}, {worker}, {platform};
"""
UNTUNE = """
DROP TRIGGER config_version ON notifications_workflow;
DROP TRIGGER config_version ON notifications_messagetemplate;
"""
DELIVERY = "select, insert, update"


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_initial"),
        ("tenants", "0003_protect"),
        ("channels", "0003_protect"),
    ]
    operations = [
        PartitionById("Event"),
        # finished once: the second version of a row finds its place on the same page
        PartitionById("Notification", fillfactor=50),
        PartitionById("Message"),
        PartitionById("LogEntry"),
        Protect("Event", verbs=DELIVERY),
        Protect("Notification", verbs=DELIVERY),
        Protect("Message", verbs=DELIVERY),
        Protect("LogEntry", verbs="select, insert"),
        Protect("EventKey"),
        Protect("Due", platform="select, update"),
        Protect("Chunk", platform="select, update, delete"),
        Protect("FanOut", platform="select"),
        Protect("DeadLetter"),
        Protect("Counter"),
        Protect("ReceivedCallback", platform="select"),
        Protect("MessageTemplate"),
        Protect("TemplateVersion"),
        Protect("Workflow"),
        Protect("Step"),
        Protect("WorkflowVersion"),
        TenantForeignKey("TemplateVersion", "template_id", "notifications_messagetemplate"),
        TenantForeignKey("WorkflowVersion", "workflow_id", "notifications_workflow"),
        TenantForeignKey("Step", "workflow_id", "notifications_workflow"),
        TenantForeignKey(
            "Step", "template_id", "notifications_messagetemplate", on_delete="NO ACTION"
        ),
        TenantForeignKey(
            "MessageTemplate", "published_id", "notifications_templateversion", on_delete="SET NULL"
        ),
        TenantForeignKey(
            "Workflow", "published_id", "notifications_workflowversion", on_delete="SET NULL"
        ),
        migrations.RunSQL(TUNE.format(**sql_names()), UNTUNE),
    ]
