import type { Migration } from 'cloakwright/state'

/**
 * The tables of the schema `cloakwright_audit`, for `migrate` of `cloakwright/state`: entries and the seals of their
 * batches. No one changes or removes a row of them while the triggers are there, the owner of the tables included; the
 * constraints keep the chain from branching.
 *
 * @example
 * ```ts
 * import { auditGrants, auditMigrations } from '@cloakwright/admin/audit'
 * import { migrate, type SqlClient } from 'cloakwright/state'
 *
 * export async function prepare(owner: SqlClient): Promise<void> {
 *   await migrate(owner, 'cloakwright_audit', auditMigrations)
 *   await owner.query(auditGrants('shop_app'))
 * }
 * ```
 */
export const auditMigrations: readonly Migration[] = [
  {
    id: '0001_trail',
    sql: `
      CREATE TABLE cloakwright_audit.seals (
        last bigint PRIMARY KEY,
        first bigint NOT NULL UNIQUE CHECK (first > 0 AND first <= last),
        previous text UNIQUE,
        hash text NOT NULL UNIQUE,
        row_hashes text[] NOT NULL CHECK (cardinality(row_hashes) = last - first + 1),
        -- Each batch continues another one, which no other does; only the first batch continues none.
        FOREIGN KEY (previous) REFERENCES cloakwright_audit.seals (hash),
        CHECK ((previous IS NULL) = (first = 1))
      );
      -- The text of an entry is what is hashed: json keeps it as it is, jsonb would not.
      CREATE TABLE cloakwright_audit.entries (
        sequence bigint PRIMARY KEY CHECK (sequence > 0),
        entry json NOT NULL
      );
      CREATE VIEW cloakwright_audit.changes AS
        SELECT sequence,
          (entry->>'time')::timestamptz AS time,
          entry->>'who' AS who,
          entry->>'account' AS account,
          entry->>'why' AS why,
          entry->>'requestId' AS request_id,
          entry->>'realm' AS realm,
          entry->>'action' AS action,
          entry->>'kind' AS kind,
          entry->>'id' AS id,
          entry->>'name' AS name,
          entry->'fields' AS fields,
          entry->'before' AS before,
          entry->'after' AS after
        FROM cloakwright_audit.entries;
      CREATE FUNCTION cloakwright_audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION 'the audit trail may only be appended to' USING ERRCODE = '42501';
        END
      $$;
      CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cloakwright_audit.entries
        FOR EACH STATEMENT EXECUTE FUNCTION cloakwright_audit.refuse();
      CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cloakwright_audit.seals
        FOR EACH STATEMENT EXECUTE FUNCTION cloakwright_audit.refuse();
    `,
  },
]

/**
 * SQL that lets a role append to the trail and read it, and do nothing else with it. The role must not own the tables,
 * nor be a superuser: those can take the triggers away.
 */
export function auditGrants(role: string): string {
  const name = `"${role.replaceAll('"', '""')}"`
  return `
    GRANT USAGE ON SCHEMA cloakwright_audit TO ${name};
    REVOKE ALL ON ALL TABLES IN SCHEMA cloakwright_audit FROM ${name};
    GRANT SELECT, INSERT ON cloakwright_audit.entries, cloakwright_audit.seals TO ${name};
    GRANT SELECT ON cloakwright_audit.changes TO ${name};
  `
}
