import { OperationalError, type UserError } from '@easyflow/kernel-errors';
import { newId } from '@easyflow/kernel-ids';
import type { TenantToken } from '@easyflow/tenant-context';
import type { Intent, Outcome } from './intent';
import { IntentQueue, TENANT_LIMITS } from './intent-queue';

const TENANT = newId();

function token(expiresAt = Date.now() + 60_000, tenantId = TENANT): TenantToken {
  return {
    tenantId,
    audience: 'ef_writer',
    placement: { kind: 'shared', schema: 'ef', epoch: 1 },
    expiresAt,
    token: 't',
  };
}

function intent(
  options: { key?: string; hash?: string; token?: TenantToken; inputText?: string } = {},
): Intent {
  return {
    id: newId(),
    token: options.token ?? token(),
    renewToken: async () => token(),
    flow: { namespace: 'n', name: 'f', version: '1.0.0' },
    input: {},
    inputText: options.inputText ?? '{}',
    mode: 'balanced',
    workClass: 0,
    createdAt: 0,
    dueAt: undefined,
    traceParent: '',
    replySlot: undefined,
    idempotency:
      options.key === undefined
        ? undefined
        : { key: options.key, requestHash: Buffer.from(options.hash ?? 'h') },
  };
}

const accepted = ({ id }: Intent): Outcome => ({ kind: 'accepted', id, dispatch: 'hinted' });

describe('IntentQueue', () => {
  it('flushes at once, and what gathers meanwhile together, over two writers', async () => {
    const gates: PromiseWithResolvers<void>[] = [];
    const flushes: number[] = [];
    const queue = new IntentQueue(async (intents) => {
      flushes.push(intents.length);
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
      return intents.map(accepted);
    });
    const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const first = queue.add(intent());
    await turn();
    const rest = Array.from({ length: 701 }, () => queue.add(intent()));
    await turn();
    expect(flushes).toEqual([1, 500]);
    gates[0]?.resolve();
    await first;
    await turn();
    expect(flushes).toEqual([1, 500, 201]);
    gates[1]?.resolve();
    gates[2]?.resolve();
    await Promise.all(rest);
    await queue.drained();
  });

  it('holds so much of one tenant, and the others’ turns come first', async () => {
    const flushes: number[] = [];
    const queue = new IntentQueue(async (intents) => {
      flushes.push(intents.reduce((sum, { inputText }) => sum + inputText.length, 0));
      return intents.map(accepted);
    });
    const inputText = 'x'.repeat(1_048_576);
    const addLarge = async () => (await queue.add(intent({ inputText }))).kind;
    const refusal = async (add: () => Promise<string>) => {
      try {
        return await add();
      } catch (error) {
        return (error as UserError).status;
      }
    };
    const large = Array.from({ length: 33 }, () => refusal(addLarge));
    const other = queue.add(intent({ token: token(undefined, newId()) }));
    expect((await other).kind).toBe('accepted');
    const outcomes = await Promise.all(large);
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(
      TENANT_LIMITS.bytes / inputText.length,
    );
    expect(outcomes.at(-1)).toBe(429);
    expect(Math.max(...flushes)).toBeLessThanOrEqual(8_388_610);
    expect(await addLarge()).toBe('accepted');
  });

  it('gives concurrent duplicates the same id, and refuses another body under the key', async () => {
    let written = 0;
    const queue = new IntentQueue(async (intents) => {
      written += intents.length;
      return intents.map(accepted);
    });
    const outcomes = await Promise.all([
      queue.add(intent({ key: 'k' })),
      queue.add(intent({ key: 'k' })),
      queue.add(intent({ key: 'k', hash: 'other' })),
      queue.add(intent({ key: 'l' })),
    ]);
    expect(written).toBe(2);
    const [first, second, third, fourth] = outcomes;
    expect(first?.kind).toBe('accepted');
    expect(second).toMatchObject({ kind: 'replayed', id: first?.kind === 'accepted' && first.id });
    expect(third).toEqual({ kind: 'mismatched' });
    expect(fourth?.kind).toBe('accepted');
  });

  it('decides a duplicate by itself when the one before it was not accepted', async () => {
    let tries = 0;
    const queue = new IntentQueue(async (intents) => {
      tries += 1;
      if (tries === 1) throw new OperationalError('database.unavailable', 'down');
      return intents.map(accepted);
    });
    const [first, second] = await Promise.allSettled([
      queue.add(intent({ key: 'k' })),
      queue.add(intent({ key: 'k', hash: 'other' })),
    ]);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'database.unavailable' } });
    expect(second).toMatchObject({ status: 'fulfilled', value: { kind: 'accepted' } });
  });

  it('fails only the poison of a flush', async () => {
    const poison = intent();
    const queue = new IntentQueue(async (intents) => {
      if (intents.includes(poison)) throw new Error('invalid input');
      return intents.map(accepted);
    });
    const results = await Promise.allSettled(
      [intent(), intent(), poison, intent(), intent()].map((one) => queue.add(one)),
    );
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
  });

  it('answers what has committed, also when the database goes down in the middle of a bisection', async () => {
    // In the order of their ids, which is the order of the rows.
    const [first, second, poison, last] = [intent(), intent(), intent(), intent()];
    let commits = 0;
    const queue = new IntentQueue(async (intents) => {
      if (intents.includes(poison)) throw new Error('invalid input');
      commits += 1;
      if (commits > 1) throw new OperationalError('database.unavailable', 'down');
      return intents.map(accepted);
    });
    const results = await Promise.allSettled(
      [first, second, poison, last].map((one) => queue.add(one)),
    );
    expect(results.slice(0, 2).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(results.slice(2).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('renews an expired token apart from the others', async () => {
    const flushed: Intent[][] = [];
    const queue = new IntentQueue(async (intents) => {
      flushed.push([...intents]);
      return intents.map(accepted);
    });
    const late = intent({ token: token(Date.now() - 1) });
    await Promise.all([queue.add(late), queue.add(intent())]);
    expect(flushed.map(({ length }) => length)).toEqual([1, 1]);
    expect(late.token.expiresAt).toBeGreaterThan(Date.now());
  });

  it('tries a key again that expired while it was bound', async () => {
    let tries = 0;
    const queue = new IntentQueue(async (intents) => {
      tries += 1;
      return intents.map((one) => (tries === 1 ? { kind: 'unbound' } : accepted(one)));
    });
    expect((await queue.add(intent({ key: 'k' }))).kind).toBe('accepted');
  });
});
