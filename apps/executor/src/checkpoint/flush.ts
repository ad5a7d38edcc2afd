import {
  pairKey,
  type BatchSession,
  type BatchWriter,
  type Statement,
  type TenantKey,
  type TenantToken,
} from '@easyflow/tenant-context';
import { newId } from '@easyflow/kernel-ids';
import { jsonArray, plainArray } from './array-literals';
import { wakesOf, type Checkpoint } from './checkpoint';
import {
  deleteOutbox,
  deleteSignals,
  enqueueChildren,
  enqueueRollups,
  insertChildren,
  insertSignals,
  lockWork,
  wakeWork,
  writeCheckpoints,
  writeCheckpointsWithValues,
} from './checkpoint.statements';

/** A row of the outbox. */
export interface OutboxRow {
  readonly tenantId: string;
  readonly id: string;
}

/** What one transaction writes: rows of at most 100 tenants of one placement, sorted by pair. */
export interface Bundle {
  readonly tokens: readonly TenantToken[];
  readonly rows: readonly Checkpoint[];
  /** Rows of the outbox whose events were published. */
  readonly published: readonly OutboxRow[];
}

/**
 * What a transaction made of a checkpoint: the wakes its work row holds and the id of the outbox row with its events,
 * or undefined when it was not ours. Of a final one that is `held` nothing is written: signals have come that it was
 * decided without.
 */
export type Written = WrittenCheckpoint | undefined;

interface WrittenCheckpoint {
  readonly wakes: number;
  readonly held: boolean;
  readonly outboxId: string;
}

/**
 * Writes the checkpoints of a bundle in one transaction, and with them deletes outbox rows that have been
 * published. Answers by position.
 *
 * A row that does not come back is tried once more: a wake that committed between the statement's snapshot and
 * its lock has moved the row, and only a new statement sees it there. A row that does not come back then was
 * taken over or is late.
 * @throws what the batch writer throws; then nothing is written
 */
export async function flush(
  writer: BatchWriter,
  owner: string,
  bundle: Bundle,
): Promise<Written[]> {
  const { tokens, rows } = bundle;
  if (rows.length === 0 || !rows.every(isPlain)) return flushInSteps(writer, owner, bundle);
  const written = await flushAtOnce(writer, owner, bundle);
  const missing = rows.filter((row) => !written.has(row.execution.key));
  if (missing.length > 0) {
    const tenants = new Set(missing.map((row) => row.tenantId));
    const own = tokens.filter((token) => tenants.has(token.tenantId));
    const again = { tokens: own, rows: missing, published: [] };
    for (const [index, found] of (await flushInSteps(writer, owner, again)).entries()) {
      const key = missing[index]?.execution.key;
      if (found && key !== undefined) written.set(key, found);
    }
  }
  return answers(rows, written);
}

/** Whether nothing is to be written after the checkpoint itself has come back. */
function isPlain({ wake, abandonedChildren, children, consumed }: Checkpoint): boolean {
  const wakesNone = wake === undefined && abandonedChildren.length === 0;
  return wakesNone && children.length === 0 && consumed.length === 0;
}

/**
 * What nearly every flush is: sent with its COMMIT in one round trip. The roll-up rows come last and are held for
 * the commit alone; over a round trip of a busy process the flushes of a tenant waited 3 ms for each other's.
 */
function flushAtOnce(
  writer: BatchWriter,
  owner: string,
  { tokens, rows, published }: Bundle,
): Promise<Map<TenantKey, WrittenCheckpoint>> {
  return writer.transaction(tokens, async (session) => {
    const ended = endedTenants(rows);
    const forgotten = published.length > 0 ? forget(session, published) : undefined;
    const outboxId = newId();
    const checkpoint = checkpointOf(owner, rows, outboxId);
    if (ended.length === 0) {
      const [found] = await Promise.all([session.queryLast<WrittenRow>(checkpoint), forgotten]);
      return writtenOf(found.rows, outboxId);
    }
    const [found] = await Promise.all([
      session.query<WrittenRow>(checkpoint),
      session.queryLast({ ...enqueueRollups, values: [ended] }),
      forgotten,
    ]);
    return writtenOf(found.rows, outboxId);
  });
}

function answers(
  rows: readonly Checkpoint[],
  written: ReadonlyMap<TenantKey, WrittenCheckpoint>,
): Written[] {
  return rows.map((row) => written.get(row.execution.key));
}

function endedTenants(rows: readonly Checkpoint[]): string[] {
  return distinct(rows.filter((row) => row.outcome === 'end').map((row) => row.tenantId));
}

function flushInSteps(writer: BatchWriter, owner: string, bundle: Bundle): Promise<Written[]> {
  const { tokens, rows, published } = bundle;
  return writer.transaction(tokens, async (session) => {
    const ended = endedTenants(rows);
    const side: Promise<unknown>[] = [];
    if (rows.some((row) => wakesOf(row).length > 0)) side.push(lockAll(session, rows));
    const first =
      rows.length > 0 ? write(session, owner, rows) : new Map<TenantKey, WrittenCheckpoint>();
    if (published.length > 0) side.push(forget(session, published));
    if (ended.length > 0) side.push(rollUp(session, ended));
    const [written] = await Promise.all([first, ...side]);
    const missing = rows.filter((row) => !written.has(row.execution.key));
    if (missing.length > 0) {
      for (const [key, found] of await write(session, owner, missing)) written.set(key, found);
    }
    await followUp(
      session,
      rows.filter((row) => written.get(row.execution.key)?.held === false),
    );
    return answers(rows, written);
  });
}

interface WrittenRow {
  tenant_id: string;
  id: string;
  wakes: number;
  held: number;
}

/** The checkpoints written, by their executions' keys. */
async function write(
  session: BatchSession,
  owner: string,
  rows: readonly Checkpoint[],
): Promise<Map<TenantKey, WrittenCheckpoint>> {
  const outboxId = newId();
  const { rows: found } = await session.query<WrittenRow>(checkpointOf(owner, rows, outboxId));
  return writtenOf(found, outboxId);
}

function writtenOf(
  found: readonly WrittenRow[],
  outboxId: string,
): Map<TenantKey, WrittenCheckpoint> {
  return new Map(
    found.map(({ tenant_id, id, wakes, held }) => [
      pairKey(tenant_id, id),
      { wakes, held: held === 1, outboxId },
    ]),
  );
}

/** Each statement has an outbox id of its own: another one of the transaction would insert the row again. */
function checkpointOf(owner: string, rows: readonly Checkpoint[], outboxId: string): Statement {
  const values = [
    plainArray(rows.map((row) => row.tenantId)),
    plainArray(rows.map((row) => row.id)),
    plainArray(rows.map((row) => row.lease.claimNo)),
    plainArray(rows.map((row) => row.lease.wakeSeq)),
    plainArray(rows.map((row) => (row.outcome === 'end' ? 1 : 0))),
    plainArray(rows.map((row) => row.dueAt)),
    plainArray(rows.map((row) => row.status)),
    jsonArray(rows.map((row) => row.state)),
    jsonArray(rows.map((row) => row.output)),
    jsonArray(rows.map((row) => row.error)),
    plainArray(rows.map((row) => row.startedAt)),
    plainArray(rows.map((row) => row.segment)),
    jsonArray(rows.map((row) => row.items)),
    jsonArray(rows.map((row) => row.events)),
    owner,
    outboxId,
    plainArray(rows.map(({ execution }) => flowName(execution.facts.flow))),
  ];
  if (!rows.some(changesValues)) return { ...writeCheckpoints, values };
  return { ...writeCheckpointsWithValues, values: [...values, ...valueColumns(rows)] };
}

function changesValues({ addedValues, removedValues }: Checkpoint): boolean {
  return addedValues.length > 0 || removedValues.length > 0;
}

/** All values that come and go, and of each checkpoint the positions of its own: none where the last is before the first. */
function valueColumns(rows: readonly Checkpoint[]): string[] {
  const added = rows.flatMap((row) => row.addedValues);
  return [
    ...positions(rows.map((row) => row.addedValues.length)),
    ...positions(rows.map((row) => row.removedValues.length)),
    plainArray(added.map(({ id }) => id)),
    jsonArray(added.map(({ value }) => value)),
    jsonArray(added.map(({ refs }) => refs)),
    plainArray(rows.flatMap((row) => row.removedValues)),
  ];
}

/** First and last position, from 1, of parts of these lengths. */
function positions(lengths: readonly number[]): [first: string, last: string] {
  let end = 0;
  const last = lengths.map((length) => (end += length));
  return [plainArray(last.map((to, index) => to - (lengths[index] ?? 0) + 1)), plainArray(last)];
}

function flowName({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}

function lockAll(session: BatchSession, rows: readonly Checkpoint[]): Promise<unknown> {
  const pairs = new Map<TenantKey, readonly [string, string, string]>();
  const add = (tenantId: string, kind: string, id: string) =>
    pairs.set(pairKey(tenantId, kind, id), [tenantId, kind, id]);
  for (const row of rows) {
    add(row.tenantId, 'execution', row.id);
    for (const { kind, id } of wakesOf(row)) add(row.tenantId, kind, id);
  }
  return session.query({ ...lockWork, values: columns([...pairs].sort(byKey).map(([, p]) => p)) });
}

/** What may only be written for checkpoints that came back. */
async function followUp(session: BatchSession, rows: readonly Checkpoint[]): Promise<void> {
  await Promise.all([
    wakeOthers(session, rows),
    forgetSignals(session, rows),
    createChildren(session, rows),
  ]);
}

async function wakeOthers(session: BatchSession, rows: readonly Checkpoint[]): Promise<void> {
  const pairs = new Map<TenantKey, readonly [string, string, string]>();
  const signals: (readonly [string, string, string, string])[] = [];
  for (const row of rows) {
    const { tenantId } = row;
    for (const { kind, id, signal } of wakesOf(row)) {
      pairs.set(pairKey(tenantId, kind, id), [tenantId, kind, id]);
      if (signal !== undefined) signals.push([tenantId, id, newId(), signal]);
    }
  }
  if (pairs.size === 0) return;
  await Promise.all([
    session.query({ ...wakeWork, values: columns([...pairs].sort(byKey).map(([, p]) => p)) }),
    signals.length > 0 && session.query({ ...insertSignals, values: columns(signals) }),
  ]);
}

async function forgetSignals(session: BatchSession, rows: readonly Checkpoint[]): Promise<void> {
  const ids = rows.flatMap((row) => row.consumed.map((id) => [row.tenantId, id] as const));
  if (ids.length > 0) await session.query({ ...deleteSignals, values: columns(ids) });
}

async function createChildren(session: BatchSession, rows: readonly Checkpoint[]): Promise<void> {
  const children = rows.flatMap((row) => row.children.map((child) => ({ row, child })));
  if (children.length === 0) return;
  await Promise.all([
    session.query({
      ...insertChildren,
      values: columns(
        children.map(({ row, child }) => [
          row.tenantId,
          child.id,
          child.flow.namespace,
          child.flow.name,
          child.flow.version,
          row.execution.facts.mode,
          child.input,
          row.id,
          child.parentKey ?? null,
          row.execution.facts.traceParent ?? null,
        ]),
      ),
    }),
    session.query({
      ...enqueueChildren,
      values: columns(
        children.map(({ row, child }) => [
          row.tenantId,
          child.id,
          row.execution.facts.mode === 'eco' ? 1 : 0,
          flowName(child.flow),
        ]),
      ),
    }),
  ]);
}

async function forget(session: BatchSession, published: readonly OutboxRow[]): Promise<void> {
  await session.query({
    ...deleteOutbox,
    values: [
      plainArray(published.map((row) => row.tenantId)),
      plainArray(published.map((row) => row.id)),
    ],
  });
}

/** A completion makes its hour due for counting, in the transaction that completes it. */
async function rollUp(session: BatchSession, tenants: readonly string[]): Promise<void> {
  await session.query({ ...enqueueRollups, values: [tenants] });
}

/** Rows of values to the arrays that `unnest` takes. */
function columns(rows: readonly (readonly unknown[])[]): unknown[][] {
  const width = rows[0]?.length ?? 0;
  return Array.from({ length: width }, (_, column) => rows.map((row) => row[column]));
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}
