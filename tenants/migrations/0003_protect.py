"""Row-level security and composite foreign keys of accounts and audience."""

from django.db import migrations

from tenants.rls import Protect, TenantForeignKey


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_functions")]
    operations = [
        Protect("Tenant", column="id", verbs="select, insert, update", platform="select"),
        Protect("Location"),
        Protect("Member"),
        Protect("ApiKey"),
        Protect("StoredResponse"),
        Protect("Subscriber"),
        Protect("Address"),
        Protect("Topic"),
        Protect("TopicMember"),
        TenantForeignKey("Address", "subscriber_id", "tenants_subscriber"),
        TenantForeignKey("TopicMember", "topic_id", "tenants_topic"),
        TenantForeignKey("TopicMember", "subscriber_id", "tenants_subscriber"),
    ]
