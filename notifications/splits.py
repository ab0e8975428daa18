"""Which templates do the variants of a split name? Callers stand in the tenant's scope."""

from __future__ import annotations

from notifications.models import MessageTemplate, Step, StepKind


def variant_templates(step: Step) -> dict[str, MessageTemplate]:
    """Give them by key, as far as they exist; one query for a split, none for any other step."""
    if step.kind != StepKind.AB_SPLIT or not isinstance(step.settings, dict):
        return {}
    variants = step.settings.get("variants")
    given = [one for one in variants if isinstance(one, dict)] if isinstance(variants, list) else []
    keys = {str(one["template"]) for one in given if "template" in one}
    found = MessageTemplate.objects.filter(tenant_id=step.tenant_id, key__in=keys)
    return {one.key: one for one in found.select_related("published").order_by("key")}
