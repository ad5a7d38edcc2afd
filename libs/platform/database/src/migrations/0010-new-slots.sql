-- How many slots that it never had before a workload gets within a minute. All processes of a service have one identity,
-- so whoever takes one over is the service; it got 254 slots, of 5,000 leases each, in 2.5 s. Replacing every process of
-- a service takes no new slots: they are numbered. More processes than this that start at once wait for each other.
SET LOCAL ROLE ctx_owner;
SET LOCAL search_path = ctx;

ALTER TABLE ctx.workloads ADD COLUMN new_slots integer NOT NULL DEFAULT 32 CHECK (new_slots > 0);
ALTER TABLE ctx.owners ADD COLUMN made_at timestamptz NOT NULL DEFAULT clock_timestamp();
ALTER TABLE ctx.slots ADD COLUMN taken_at timestamptz NOT NULL DEFAULT clock_timestamp();

-- What there was is not new.
UPDATE ctx.owners SET made_at = registered_at;
UPDATE ctx.slots SET taken_at = lease_until - interval '1 hour';

RESET ROLE;
