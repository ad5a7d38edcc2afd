-- Assertions of workloads that the issuer has taken, over all its replicas; see ctx.use_assertion.
SET LOCAL ROLE ctx_owner;
SET LOCAL search_path = ctx;

CREATE UNLOGGED TABLE ctx.used_assertions (
  id uuid PRIMARY KEY,
  expires_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX used_assertions_expiry ON ctx.used_assertions (expires_at);

RESET ROLE;
