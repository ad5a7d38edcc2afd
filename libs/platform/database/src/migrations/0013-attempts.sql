-- How often a row of work was claimed since its last checkpoint, why an executor has put it off, and which version of
-- the executor it needs. They are columns of the row that each claim and checkpoint writes anyway; only the claims of
-- executions are counted.
SET LOCAL ROLE ef_owner;
SET LOCAL search_path = ef;

ALTER TABLE work
  ADD COLUMN attempts integer NOT NULL DEFAULT 0,
  ADD COLUMN version integer NOT NULL DEFAULT 0,
  ADD COLUMN reason text CHECK (length(reason) <= 1000);

GRANT UPDATE (attempts, reason) ON work TO ef_writer, ef_api;

RESET ROLE;
