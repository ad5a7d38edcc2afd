import { compileFlow } from '@easyflow/engine';
import { logger } from '@easyflow/platform-telemetry';
import type { BatchWriter, Statement, TenantToken } from '@easyflow/tenant-context';
import { waitFor } from '@easyflow/testing';
import type { TenantTokens } from '../claiming/tenant-tokens';
import { LiveExecution } from '../execution/live-execution';
import { takeCheckpoint } from './checkpoint';
import { Checkpointer } from './checkpointer';

const MB = 1024 * 1024;
const tenantId = '00000000-0000-7000-8000-00000000000a';
const program = compileFlow({
  document: { dsl: '1.0.0', namespace: 'test', name: 'any', version: '1.0.0' },
  do: [{ keep: { set: '${ . }' } }],
});

/** A checkpoint that ends with an output of so many characters. */
function ended(id: string, characters: number) {
  const facts = { tenantId, id, flow: program.flow, mode: 'balanced', input: {}, createdAt: 0 };
  const lease = { tenantId, kind: 'execution', id, claimNo: 1, wakeSeq: 0, leaseUntil: Infinity };
  const execution = new LiveExecution(facts, program, {
    ...lease,
    deadline: Infinity,
  } as ConstructorParameters<typeof LiveExecution>[2]);
  return takeCheckpoint(execution, {
    outcome: 'end',
    status: 'completed',
    output: 'x'.repeat(characters),
  });
}

describe('the checkpointer', () => {
  it('writes no more at once than fits into one message', async () => {
    const flushes: string[][] = [];
    const query = ({ values = [] }: Statement) => {
      const ids = String(values[1]).slice(1, -1).split(',');
      flushes.push(ids);
      const rows = ids.map((id) => ({ tenant_id: tenantId, id, wakes: 0, held: 0 }));
      return Promise.resolve({ rows, rowCount: rows.length });
    };
    const token = { tenantId, placement: { schema: 'ef' } } as unknown as TenantToken;
    const checkpointer = new Checkpointer({
      writer: {
        transaction: (_: unknown, work: (session: unknown) => unknown) =>
          work({ query, queryLast: () => Promise.resolve({ rows: [], rowCount: 0 }) }),
      } as unknown as BatchWriter,
      tokens: { get: () => token } as unknown as TenantTokens,
      owner: () => 'me',
      clock: { now: () => 0, monotonic: () => 0 },
      logger: logger('executor', { level: 'silent' }),
    });
    const sizes = [1, 1, 10, 10, 1, 40, 1].map((size) => size * MB);
    checkpointer.drain();
    for (const [n, size] of sizes.entries()) checkpointer.add(ended(`e${n}`, size));

    await waitFor(() => checkpointer.idle, { describe: 'all to be written' });
    expect(flushes).toEqual([['e0', 'e1', 'e2', 'e3'], ['e4', 'e5'], ['e6']]);
  });
});
