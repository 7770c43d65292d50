import type { Migration } from './sql.ts'

/** The tables of the schema `cloakwright`, for {@link migrate}. */
export const migrations: readonly Migration[] = [
  {
    id: '0001_sessions',
    sql: `
      CREATE TABLE cloakwright.sessions (
        key text PRIMARY KEY,
        issuer text NOT NULL,
        client_id text NOT NULL,
        sid text,
        subject text NOT NULL,
        version integer NOT NULL,
        key_id text NOT NULL,
        tokens bytea NOT NULL,
        access_expires_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        last_seen_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        absolute_expires_at timestamptz NOT NULL,
        refresh_holder text,
        refresh_until timestamptz
      );
      CREATE INDEX sessions_sid ON cloakwright.sessions (sid, issuer);
      CREATE INDEX sessions_subject ON cloakwright.sessions (subject, issuer);
      CREATE INDEX sessions_expires_at ON cloakwright.sessions (expires_at);
      CREATE TABLE cloakwright.used_once (
        key text PRIMARY KEY,
        expires_at timestamptz NOT NULL
      );
      CREATE INDEX used_once_expires_at ON cloakwright.used_once (expires_at);
    `,
  },
  {
    id: '0002_revocations',
    sql: `
      CREATE TABLE cloakwright.revocations (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        issuer text NOT NULL,
        kind text NOT NULL,
        value text,
        time double precision,
        added_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
        expires_at timestamptz NOT NULL
      );
      CREATE INDEX revocations_added_at ON cloakwright.revocations (added_at, id);
      CREATE INDEX revocations_expires_at ON cloakwright.revocations (expires_at);
    `,
  },
  {
    // Whoever changes a session, also by hand: replicas that cache it are told. `postgres-session-feed.ts` listens.
    id: '0003_session_changes',
    sql: `
      CREATE FUNCTION cloakwright.notify_session() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_notify('cloakwright_sessions', CASE TG_OP WHEN 'TRUNCATE' THEN '*' ELSE OLD.key END);
        RETURN NULL;
      END $$;
      CREATE TRIGGER notify_row AFTER DELETE OR UPDATE OF version, tokens, issuer, client_id, subject, sid ON cloakwright.sessions
        FOR EACH ROW EXECUTE FUNCTION cloakwright.notify_session();
      CREATE TRIGGER notify_end AFTER UPDATE OF expires_at ON cloakwright.sessions
        FOR EACH ROW WHEN (NEW.expires_at < OLD.expires_at) EXECUTE FUNCTION cloakwright.notify_session();
      CREATE TRIGGER notify_all AFTER TRUNCATE ON cloakwright.sessions
        FOR EACH STATEMENT EXECUTE FUNCTION cloakwright.notify_session();
    `,
  },
  {
    // Sessions from before have neither device nor data. A replica of the version before may still write rows.
    id: '0004_session_devices_and_data',
    sql: `
      ALTER TABLE cloakwright.sessions
        ADD COLUMN device_key_id text,
        ADD COLUMN device bytea,
        ADD COLUMN data_version integer NOT NULL DEFAULT 0,
        ADD COLUMN data_key_id text,
        ADD COLUMN data bytea;
      CREATE TRIGGER notify_data AFTER UPDATE OF data_version, data ON cloakwright.sessions
        FOR EACH ROW EXECUTE FUNCTION cloakwright.notify_session();
    `,
  },
  {
    id: '0005_saved_forms',
    sql: `
      CREATE TABLE cloakwright.saved_forms (
        key text PRIMARY KEY,
        position bigint GENERATED ALWAYS AS IDENTITY,
        owner text NOT NULL,
        key_id text NOT NULL,
        sealed bytea NOT NULL,
        expires_at timestamptz NOT NULL
      );
      CREATE INDEX saved_forms_owner ON cloakwright.saved_forms (owner, position);
      CREATE INDEX saved_forms_expires_at ON cloakwright.saved_forms (expires_at);
    `,
  },
]
