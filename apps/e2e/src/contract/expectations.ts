import type { Answer, Body } from '../shape/api';
import type { Shape } from '../shape/shape';

export const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Codes of all problems that were asserted: each is to be documented. */
export const codesSeen = new Set<string>();

/** Asserts an RFC 9457 answer with the contract's members. */
export function expectProblem(answer: Answer, status: number, code?: string): void {
  // The text first: it says what happened when the status is not the one expected.
  expect(`${answer.status} ${answer.text}`).toMatch(new RegExp(`^${status} `));
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(answer.body).toMatchObject({
    type: expect.stringMatching(/^[a-z][a-z0-9+.-]*:/i),
    title: expect.stringMatching(/\S/),
    status,
    code: code ?? expect.stringMatching(/^[a-z_]+(\.[a-z_]+)*$/),
    detail: expect.stringMatching(/\S/),
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  codesSeen.add(answer.body.code);
  if (status === 503 || status === 429) {
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  }
  if (status === 401) expect(answer.headers['www-authenticate']).toMatch(/^Bearer\b/);
  expect(answer.text).not.toMatch(/ at .*\.(js|ts):\d+|SELECT |INSERT INTO/);
}

/** The body of a problem without what differs from request to request. */
export function withoutTrace({ body }: Answer): Body {
  return { ...body, traceId: '' };
}

/** How many rows each table that requests fill holds of a tenant: equal before and after, nothing was stored. */
export async function storedRows(shape: Shape, tenantId: string): Promise<Record<string, number>> {
  const tables = ['flows', 'flow_versions', 'schedules', 'executions', 'idempotency_keys'];
  const selects = tables.map(
    (table) =>
      `SELECT '${table}' AS name, count(*)::int AS rows FROM ${table} WHERE tenant_id = $1`,
  );
  const rows = await shape.sql<{ name: string; rows: number }>(selects.join(' UNION ALL '), [
    tenantId,
  ]);
  return Object.fromEntries(rows.map(({ name, rows: count }) => [name, count]));
}
