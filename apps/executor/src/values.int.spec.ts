import type { Json } from '@easyflow/engine';
import { waitFor, type TestTenant } from '@easyflow/testing';
import { callTask, ExecutorRig, FakeCaller } from './executor-rig.test';

jest.setTimeout(120_000);

const text = (of: string, length: number) => of.repeat(Math.ceil(length / of.length));

/** Members of the state that stand in their own row, or in none. */
interface Stored {
  state: string;
  values: { id: number; length: number; xmin: string }[];
}

describe('values of states', () => {
  let rig: ExecutorRig;
  let tenant: TestTenant;

  beforeAll(async () => {
    rig = await ExecutorRig.open();
    tenant = await rig.database.createTenant();
    await rig.flow(tenant, 'each', [
      {
        each: {
          for: { each: 'one', in: '${ .list }' },
          do: [{ call: callTask({ export: { as: '${ $context + {(.name): .} }' } }) }],
        },
      },
      { all: { set: '${ $context }' } },
    ]);
  });

  afterEach(async () => {
    await rig.stopAll();
    await rig.database.superuser(`UPDATE ef.work SET due_at = 'infinity'`);
  });
  afterAll(() => rig.close());

  /** Answers that the test holds back from a call on; each is large and of its own. */
  function answering(heldFrom = Infinity) {
    const caller = new FakeCaller();
    const held: (() => void)[] = [];
    caller.answer = () => {
      const n = caller.calls.length;
      const answer: Json = { name: `r${n}`, body: text(`answer ${n} `, 3_000) };
      if (n < heldFrom) return Promise.resolve(answer);
      return new Promise((resolve) => held.push(() => resolve(answer)));
    };
    return { caller, held };
  }

  const input = (items: number, size: number) => ({
    list: Array.from({ length: items }, (_, n) => ({ n, text: text(`item ${n} `, size) })),
  });

  async function stored(id: string): Promise<Stored> {
    const [row] = await rig.database.superuser<{ state: string }>(
      'SELECT state::text AS state FROM ef.executions WHERE id = $1',
      [id],
    );
    const values = await rig.database.superuser<Stored['values'][number] & { [key: string]: Json }>(
      `SELECT id, length(value::text) AS length, xmin::text AS xmin FROM ef.execution_values
       WHERE tenant_id = $1 AND execution_id = $2 ORDER BY id`,
      [tenant.id, id],
    );
    return { state: row?.state ?? '', values };
  }

  it('are written once: a step of a loop writes neither its input nor earlier results', async () => {
    const { caller, held } = answering(10);
    const id = await rig.accept(tenant, 'each', input(10, 50_000));
    await rig.executor({ caller });
    await waitFor(() => held.length === 1, { describe: 'the tenth call' });

    const { state, values } = await stored(id);
    expect(state.length).toBeLessThan(2_000);
    // Nine results; the input and its list are where the gateway wrote them.
    expect(values.length).toBeLessThanOrEqual(10);
    expect(Math.max(...values.map(({ length }) => length))).toBeLessThan(4_000);
    // Each by a transaction of its own.
    expect(new Set(values.map(({ xmin }) => xmin)).size).toBe(values.length);

    held[0]?.();
    const { status, output } = await rig.ends(tenant, id);
    expect(status).toBe('completed');
    // The first context is the input.
    expect(Object.keys(output as object)).toHaveLength(11);
    expect(await stored(id)).toEqual({ state: '', values: [] });
  });

  it('are there for who takes an execution over, and are not written again', async () => {
    const lost = answering(5);
    const id = await rig.accept(tenant, 'each', input(8, 20_000));
    await rig.executor({ caller: lost.caller });
    await waitFor(() => lost.held.length === 1, { describe: 'the fifth call' });
    const before = await stored(id);
    await rig.database.superuser(
      `UPDATE ef.work SET lease_until = now() - interval '1 ms' WHERE id = $1`,
      [id],
    );

    const { caller, held } = answering(3);
    await rig.executor({ caller });
    await waitFor(() => held.length === 1, { describe: 'the third call of the other' });
    const after = await waitFor(
      async () => {
        const now = await stored(id);
        return now.state !== before.state && now;
      },
      { describe: 'a checkpoint of the other' },
    );
    expect(after.values).toEqual(expect.arrayContaining(before.values));
    // The late answer of the first is written by nobody.
    lost.held[0]?.();
    held[0]?.();
    await waitFor(() => held.length === 2, { describe: 'the last call' });
    held[1]?.();

    const { status, output } = await rig.ends(tenant, id);
    expect(status).toBe('completed');
    // Four of the first executor; its fifth was called again, and the second counts its answers from one.
    const expected = { ...input(8, 20_000) } as { [key: string]: Json };
    for (let n = 1; n <= 4; n += 1) {
      expected[`r${n}`] = { name: `r${n}`, body: text(`answer ${n} `, 3_000) };
    }
    expect(JSON.stringify(output) === JSON.stringify(expected)).toBe(true);
    expect(caller.calls[0]?.key).toBe(lost.caller.calls[4]?.key);
    expect((await stored(id)).values).toEqual([]);
  });

  it('of an execution that is cancelled or faults are removed with its end', async () => {
    const { caller, held } = answering(3);
    const id = await rig.accept(tenant, 'each', input(4, 20_000));
    await rig.executor({ caller });
    await waitFor(() => held.length === 1, { describe: 'the third call' });
    await waitFor(async () => (await stored(id)).values.length > 0, { describe: 'values' });
    await rig.signal(tenant, id, { kind: 'cancel' });
    expect((await rig.ends(tenant, id)).status).toBe('cancelled');
    expect((await stored(id)).values).toEqual([]);
  });

  it('are not read again by the process that let the execution go to wait, and are by another', async () => {
    await rig.flow(tenant, 'waits', [
      { first: { wait: { milliseconds: 1 } } },
      { changed: { set: { n: '${ .list | length }', list: '${ .list }' } } },
      { second: { wait: { seconds: 1 } } },
      { third: { wait: { milliseconds: 1 } } },
      { all: { set: '${ {n, list} }' } },
    ]);
    const reader = jest.spyOn(rig.access.reader, 'read');
    /** Of each statement that loaded executions: whether their input came with them, and values. */
    const reads = async () => {
      const found: string[] = [];
      for (const [index, [, { name }]] of reader.mock.calls.entries()) {
        const rows =
          (await (reader.mock.results[index]?.value as Promise<Map<string, { input: Json }[]>>)) ??
          new Map();
        for (const { input: read } of [...rows.values()].flat()) {
          if (name === 'x_load') found.push(read === null ? 'without input' : 'with input');
          else if (name === 'x_load_values') found.push('values');
        }
      }
      reader.mockClear();
      return found;
    };
    const given = input(3, 10_000);
    const id = await rig.accept(tenant, 'waits', given);
    await rig.executor();
    const { output } = await rig.ends(tenant, id);
    expect(JSON.stringify(output)).toBe(JSON.stringify({ n: 3, ...given }));
    expect(await reads()).toEqual([
      'with input',
      'without input',
      'without input',
      'without input',
    ]);

    // Another process writes it while it rests here: what is kept is old.
    const again = await rig.accept(tenant, 'waits', given);
    await waitFor(async () => (await rig.execution(tenant, again)).revision === 2, {
      every: 5,
      describe: 'the second wait',
    });
    await rig.database.superuser(
      'UPDATE ef.executions SET revision = revision + 1 WHERE tenant_id = $1 AND id = $2',
      [tenant.id, again],
    );
    expect(JSON.stringify((await rig.ends(tenant, again)).output)).toBe(JSON.stringify(output));
    expect(await reads()).toEqual(['with input', 'without input', 'with input', 'without input']);
    reader.mockRestore();
  });

  it('are read from the whole states that the release before has stored', async () => {
    const id = await rig.accept(tenant, 'each', input(3, 5_000));
    const { list } = input(3, 5_000);
    const body = text('answer 1 ', 3_000);
    // As 49e4272 wrote it in the second call of the loop.
    const state = {
      format: 1,
      id,
      generation: 0,
      status: 'running',
      startedAt: 1790000000000,
      context: { r1: { name: 'r1', body } },
      sequence: 5,
      eventCount: 1,
      root: {
        list: '/do',
        frames: [
          {
            task: '/do/0/each',
            visit: 1,
            startedAt: 1790000000000,
            input: { list },
            steps: 2,
            items: list,
            index: 1,
          },
          {
            task: '/do/0/each/do/0/call',
            visit: 2,
            startedAt: 1790000000000,
            input: { name: 'r1', body },
            effect: text('ab', 64),
          },
        ],
        steps: 1,
      },
    };
    await rig.database.superuser(
      `UPDATE ef.executions SET state = $2, status = 'running', started_at = now() WHERE id = $1`,
      [id, JSON.stringify(state)],
    );
    const { caller } = answering();
    await rig.executor({ caller });
    const { status, output } = await rig.ends(tenant, id);
    expect(status).toBe('completed');
    expect(Object.keys(output as object)).toEqual(['r1', 'r2']);
    expect(caller.calls[0]?.key).toBe(text('ab', 64));
  });

  it('of an execution that nobody can read are removed when it is cancelled', async () => {
    const id = await rig.accept(tenant, 'each', input(1, 10));
    await rig.database.superuser(
      `WITH v AS (INSERT INTO ef.execution_values (tenant_id, execution_id, id, value) VALUES ($1, $2, 7, '{}'))
       UPDATE ef.executions SET state = '"none"', status = 'running' WHERE id = $2`,
      [tenant.id, id],
    );
    await rig.signal(tenant, id, { kind: 'cancel' });
    await rig.executor({ caller: answering().caller });
    expect((await rig.ends(tenant, id)).status).toBe('cancelled');
    expect((await stored(id)).values).toEqual([]);
  });

  it('leave an execution alone that a later version has stored, and the others of its batch run', async () => {
    const id = await rig.accept(tenant, 'each', input(1, 10));
    await rig.database.superuser(
      `UPDATE ef.executions SET state = '{"storage":3,"size":10}', status = 'running' WHERE id = $1`,
      [id],
    );
    const before = await rig.execution(tenant, id);
    const other = await rig.accept(tenant, 'each', input(1, 10));
    await rig.executor({ caller: answering().caller });
    expect((await rig.ends(tenant, other)).status).toBe('completed');
    expect(await rig.execution(tenant, id)).toEqual(before);
    await rig.database.superuser('DELETE FROM ef.work WHERE id = $1', [id]);
  });
});
