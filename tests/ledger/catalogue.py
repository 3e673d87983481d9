"""A database's schema as readable text; run as a module it prints the text that `schema.txt` holds."""

import sys
import tempfile
from pathlib import Path
from typing import LiteralString

import psycopg

from ledger.embedded import FAST, Embedded
from ledger.migrate import migrate

SCHEMAS = ("ledger", "views")
WRITTEN_DOWN = Path(__file__).with_name("schema.txt")

ROLES = """
SELECT format('role %%s%%s', rolname, (
         SELECT string_agg(' ' || word, '') FROM (VALUES
           (rolcanlogin, 'login'), (rolsuper, 'superuser'), (rolcreatedb, 'createdb'), (rolcreaterole, 'createrole'),
           (rolreplication, 'replication'), (rolbypassrls, 'bypassrls')) AS a(has, word) WHERE has))
FROM pg_roles WHERE rolname LIKE 'daybook%%' ORDER BY rolname
"""
SCHEMATA = """
SELECT format('schema %%s', nspname) || coalesce((
         SELECT string_agg(format(E'\\n  grant %%s to %%s', a.privilege_type, coalesce(g.rolname, 'public')), ''
                           ORDER BY g.rolname, a.privilege_type)
         FROM aclexplode(nspacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee WHERE a.grantee <> nspowner), '')
FROM pg_namespace WHERE nspname = ANY(%(schemas)s) ORDER BY nspname
"""
RELATIONS = """
SELECT c.oid::integer,
       format('%%s %%s.%%s%%s',
              CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence'
                             ELSE 'relation of kind ' || c.relkind::text END,
              n.nspname, c.relname, ' with (' || array_to_string(c.reloptions, ', ') || ')')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(%(schemas)s) AND c.relkind NOT IN ('i', 't')
ORDER BY n.nspname, c.relname
"""
PARTS = """
SELECT line FROM (
  SELECT 1 AS kind, a.attnum::text AS place,
         format('column %%s %%s%%s%%s', a.attname, format_type(a.atttypid, a.atttypmod),
                CASE WHEN a.attnotnull THEN ' not null' END, ' default ' || pg_get_expr(d.adbin, d.adrelid)) AS line
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = %(table)s AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT 2, conname, format('constraint %%s %%s', conname, pg_get_constraintdef(oid))
  FROM pg_constraint WHERE conrelid = %(table)s AND contype <> 'n'
  UNION ALL
  SELECT 3, indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %(table)s
  UNION ALL
  SELECT 4, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %(table)s AND NOT tgisinternal
  UNION ALL
  SELECT 5, c.oid::text, 'as ' || regexp_replace(pg_get_viewdef(c.oid), '\\s+', ' ', 'g')
  FROM pg_class c WHERE c.oid = %(table)s AND c.relkind = 'v'
  UNION ALL
  SELECT 6, g.rolname || a.privilege_type, format('grant %%s to %%s', a.privilege_type, coalesce(g.rolname, 'public'))
  FROM pg_class c, aclexplode(c.relacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
  WHERE c.oid = %(table)s AND a.grantee <> c.relowner
) parts ORDER BY kind, CASE WHEN kind = 1 THEN lpad(place, 4, '0') ELSE place END
"""
FUNCTIONS = """
SELECT format(E'function %%s.%%s(%%s)\\n  returns %%s\\n  language %%s, %%s%%s%%s\\n  body sha256 %%s%%s',
              n.nspname, p.proname,
              pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid), l.lanname,
              CASE p.provolatile WHEN 'v' THEN 'volatile' WHEN 's' THEN 'stable' ELSE 'immutable' END,
              CASE WHEN p.prosecdef THEN ', security definer' END,
              E'\\n  set ' || array_to_string(p.proconfig, E'\\n  set '),
              left(encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'), 16),
              (SELECT string_agg(format(E'\\n  grant %%s to %%s', a.privilege_type, coalesce(g.rolname, 'public')), ''
                                 ORDER BY g.rolname)
               FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
               LEFT JOIN pg_roles g ON g.oid = a.grantee WHERE a.grantee <> p.proowner))
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE n.nspname = ANY(%(schemas)s) ORDER BY n.nspname, p.proname
"""


def catalogue(url: str) -> str:
    """Roles, schemas, tables, views and functions with all that hangs on them, in an order of their own."""
    with psycopg.connect(url) as connection:
        blocks = [*_lines(connection, ROLES), *_lines(connection, SCHEMATA)]
        for oid, title in connection.execute(RELATIONS, {"schemas": list(SCHEMAS)}).fetchall():
            parts = [f"  {line}" for (line,) in connection.execute(PARTS, {"table": oid}).fetchall()]
            blocks.append("\n".join([title, *parts]))
        blocks += _lines(connection, FUNCTIONS)
    return "\n\n".join(blocks) + "\n"


def _lines(connection: psycopg.Connection, query: LiteralString) -> list[str]:
    return [line for (line,) in connection.execute(query, {"schemas": list(SCHEMAS)}).fetchall()]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="daybook-schema-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        with Embedded(place / "pg", settings=FAST) as server:
            migrate(server.url())
            sys.stdout.write(catalogue(server.url()))


if __name__ == "__main__":
    main()
