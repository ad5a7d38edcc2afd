-- The tables of the shared placement and those a database has once.
-- Payload columns are json, not jsonb: jsonb refuses \u0000 and lone surrogates that JSON allows.
-- Rows of the hot road (history, idempotency keys, outbox, work) have no foreign key: they are written
-- from the guarded RETURNING of their execution in the same statement, and a check costs 8 us a row.
SET LOCAL ROLE ef_owner;
SET LOCAL search_path = ef;

CREATE TABLE tenants (
  tenant_id uuid PRIMARY KEY,
  name text NOT NULL,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
  limits json NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE users (
  tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
  id uuid NOT NULL,
  email text NOT NULL,
  password_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, id)
);
-- The only unique key without tenant_id: a login names no tenant. No role but the issuer's functions
-- can write or read here, so a conflict tells nobody else that an address exists.
CREATE UNIQUE INDEX users_email_key ON users (lower(email));

CREATE TABLE api_keys (
  tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
  id uuid NOT NULL,
  hash bytea NOT NULL CHECK (length(hash) = 32),
  scopes text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  revoked_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);
-- SHA-256 of 32 random bytes: like users_email_key looked up before the tenant is known.
CREATE UNIQUE INDEX api_keys_hash_key ON api_keys (hash);

CREATE TABLE work (
  tenant_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('execution', 'schedule', 'rollup', 'release')),
  id uuid NOT NULL,
  class smallint NOT NULL DEFAULT 0 CHECK (class IN (0, 1)),
  shard smallint NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL,
  wake_seq integer NOT NULL DEFAULT 0,
  lease_owner text,
  lease_until timestamptz,
  claim_no integer NOT NULL DEFAULT 0,
  ready_at timestamptz GENERATED ALWAYS AS (greatest(due_at, lease_until)) STORED,
  PRIMARY KEY (tenant_id, kind, id)
) WITH (
  fillfactor = 70,
  -- A queue: vacuumed by a row threshold, never by a share of a table that is mostly empty.
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000,
  autovacuum_vacuum_cost_delay = 0
);
-- Partial on what only a claim says (ready_at <= …): else, while the table is small or empty, the planner prefers
-- this index to the primary key for look-ups by (tenant_id, kind, id), with a filter over every row of the kind.
CREATE INDEX work_ready ON work (kind, class, ready_at) WHERE ready_at IS NOT NULL;
-- Counts and releases an owner's leases; without it both would read every lease of all owners. On an expression,
-- in the predicate too, so that the guard "lease_owner = mine" of a look-up by key never chooses it: an index that
-- is empty when the plan is made looks cheap to read whole.
CREATE INDEX work_owner ON work ((lease_owner || '')) WHERE (lease_owner || '') IS NOT NULL;

CREATE TABLE outbox (
  tenant_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  segment integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  lease_owner text,
  lease_until timestamptz,
  -- The executor that wrote the row publishes and deletes it; after 5 s any executor may lease it.
  -- date_add is not immutable before 16, hence the interval through UTC.
  ready_at timestamptz GENERATED ALWAYS AS
    (greatest(((created_at AT TIME ZONE 'UTC') + interval '5 seconds') AT TIME ZONE 'UTC', lease_until)) STORED,
  PRIMARY KEY (tenant_id, execution_id, segment)
) WITH (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000,
  autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX outbox_ready ON outbox (ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX outbox_owner ON outbox ((lease_owner || '')) WHERE (lease_owner || '') IS NOT NULL;

CREATE TABLE flows (
  tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
  namespace text NOT NULL,
  name text NOT NULL,
  active_version text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, namespace, name)
);

CREATE TABLE flow_versions (
  tenant_id uuid NOT NULL,
  namespace text NOT NULL,
  name text NOT NULL,
  version text NOT NULL,
  id uuid NOT NULL,
  document json NOT NULL,
  source text NOT NULL,
  media_type text NOT NULL,
  content_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, namespace, name, version),
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, namespace, name) REFERENCES flows (tenant_id, namespace, name)
);

CREATE TABLE schedules (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  namespace text NOT NULL,
  name text NOT NULL,
  version text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('every', 'cron', 'after')),
  expression text NOT NULL,
  last_tick timestamptz,
  next_tick timestamptz,
  PRIMARY KEY (tenant_id, id),
  -- The tenant comes last: led by it, this index would be the plan of look-ups by id while the table is empty.
  UNIQUE (namespace, name, tenant_id),
  FOREIGN KEY (tenant_id, namespace, name, version)
    REFERENCES flow_versions (tenant_id, namespace, name, version)
);

CREATE TABLE executions (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  flow_namespace text NOT NULL,
  flow_name text NOT NULL,
  flow_version text NOT NULL,
  mode text NOT NULL CHECK (mode IN ('realtime', 'balanced', 'eco')),
  status text NOT NULL CHECK (status IN
    ('pending', 'running', 'waiting', 'suspended', 'cancelled', 'faulted', 'completed')),
  input json,
  output json,
  error json,
  state json,
  revision integer NOT NULL DEFAULT 0,
  parent_id uuid,
  parent_key text,
  reply_slot text,
  trace_parent text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at timestamptz,
  ended_at timestamptz,
  PRIMARY KEY (tenant_id, id)
-- An execution is inserted by one flush and updated by another soon after, a page at a time: with room for the second
-- version in the page the update touches no index. At 75 two thirds of the updates did, at 50 a fifth.
) WITH (fillfactor = 45);
-- Recounting an hour reads the blocks that ended in it. A block range index, because a b-tree on a column
-- that changes on completion would end HOT updates (from release 16 on this one does not).
CREATE INDEX executions_ended ON executions USING brin (ended_at) WITH (pages_per_range = 16, autosummarize = on);

CREATE TABLE execution_history (
  tenant_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  segment integer NOT NULL,
  items json NOT NULL,
  events json,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, execution_id, segment)
);

CREATE TABLE execution_signals (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  execution_id uuid NOT NULL,
  signal json NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, execution_id) REFERENCES executions (tenant_id, id)
);
-- Partial for the same reason as work_ready: a look-up by (tenant_id, id) must never choose it.
CREATE INDEX execution_signals_execution ON execution_signals (tenant_id, execution_id) WHERE execution_id IS NOT NULL;

CREATE TABLE idempotency_keys (
  tenant_id uuid NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  execution_id uuid NOT NULL,
  dispatch text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key)
);

CREATE TABLE usage_hourly (
  tenant_id uuid NOT NULL,
  hour timestamptz NOT NULL,
  flow_namespace text NOT NULL,
  flow_name text NOT NULL,
  mode text NOT NULL,
  executions bigint NOT NULL,
  cost numeric NOT NULL,
  PRIMARY KEY (tenant_id, hour, flow_namespace, flow_name, mode)
);

CREATE TABLE requests (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  service text NOT NULL,
  pattern text NOT NULL,
  body json NOT NULL,
  reply json,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  replied_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);

RESET ROLE;
