"""What was said to a client within the hour is kept at her counter, and joined by the database."""

from django.db import migrations

# Entries of 16 bytes: words (8), until (4), whose (4), as notifications/said_texts.py says.
# p_old loses what is over and what p_gone names (same words, same owner); p_new is added, except
# words that somebody holds.
SAID = """
CREATE FUNCTION kolokol_said(p_old bytea, p_gone bytea, p_new bytea) RETURNS bytea
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
DECLARE
  this_second bytea := int4send(extract(epoch from now())::int);
  kept bytea := '';
  words bytea;
  is_free boolean;
BEGIN
  FOR old IN 1 .. coalesce(length(p_old), 0) BY 16 LOOP
    CONTINUE WHEN substr(p_old, old + 8, 4) <= this_second;
    words := substr(p_old, old, 8);
    is_free := true;
    FOR gone IN 1 .. coalesce(length(p_gone), 0) BY 16 LOOP
      is_free := is_free and not (substr(p_gone, gone, 8) = words
        and substr(p_gone, gone + 12, 4) = substr(p_old, old + 12, 4));
    END LOOP;
    IF is_free THEN
      kept := kept || substr(p_old, old, 16);
    END IF;
  END LOOP;
  FOR new IN 1 .. coalesce(length(p_new), 0) BY 16 LOOP
    words := substr(p_new, new, 8);
    is_free := true;
    FOR old IN 1 .. length(kept) BY 16 LOOP
      is_free := is_free and substr(kept, old, 8) <> words;
    END LOOP;
    IF is_free THEN
      kept := kept || substr(p_new, new, 16);
    END IF;
  END LOOP;
  RETURN nullif(kept, '');
END $$;
"""


class Migration(migrations.Migration):
    replaces = [("notifications", "0018_said_at_counters")]
    dependencies = [("notifications", "0005_callbacks_and_webhooks")]
    operations = [
        migrations.RunSQL(SAID, "DROP FUNCTION kolokol_said(bytea, bytea, bytea);"),
    ]
