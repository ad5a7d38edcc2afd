import type { FlowApplyBody } from '@easyflow/contracts-events';
import { UserError } from '@easyflow/kernel-errors';
import { DocumentChecker } from './document-checker';

const head = 'document: { dsl: 1.0.0, namespace: n, name: x, version: 1.0.0 }\n';
const small = flow(`${head}do: [{ a: { set: { x: 1 } } }]`);
/** Takes half a second of computing. */
const dense = flow(`${head}do:\n- a: { set: { x: [${'[],'.repeat(60_000)}] } }`);

function flow(source: string): FlowApplyBody {
  return { source, mediaType: 'application/yaml', activate: true };
}

let checker: DocumentChecker;

function withChecker(options?: ConstructorParameters<typeof DocumentChecker>[0]): DocumentChecker {
  checker = new DocumentChecker(options);
  return checker;
}

afterEach(() => checker.close());

async function refusal(checked: Promise<unknown>): Promise<UserError> {
  const error: unknown = await checked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof UserError) return error;
  throw new Error('was not refused', { cause: error });
}

describe('the document checker', () => {
  jest.setTimeout(120_000);

  it('answers with what is stored of a document', async () => {
    const content = await withChecker().check('t', small);
    expect(content).toEqual({
      flow: { namespace: 'n', name: 'x', version: '1.0.0' },
      document: expect.stringContaining('"dsl":"1.0.0"') as string,
      contentHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
  });

  it('names the places of what is wrong', async () => {
    const { check } = { check: (source: string) => checker.check('t', flow(source)) };
    withChecker();
    const malformed = await refusal(check(`${head}do: [`));
    expect([malformed.code, malformed.status]).toEqual(['document.malformed', 400]);
    const invalid = await refusal(check(`${head}do:\n  - a: { sat: 1 }`));
    expect([invalid.code, invalid.status]).toEqual(['flow.invalid', 422]);
    expect(invalid.errors).toEqual([
      expect.objectContaining({ pointer: '#/do/0/a', line: 3 }) as object,
    ]);
  });

  it('leaves the event loop free', async () => {
    withChecker();
    await checker.check('warm', small);
    const order: string[] = [];
    const checked = checker.check('t', dense).then(() => order.push('document'));
    for (let turn = 0; turn < 5; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      order.push('turn');
    }
    await checked;
    expect(order).toEqual(['turn', 'turn', 'turn', 'turn', 'turn', 'document']);
  });

  it('serves others while a tenant has many documents', async () => {
    withChecker({ threads: 2 });
    const order: string[] = [];
    const check = (tenant: string, body: FlowApplyBody): Promise<unknown> =>
      checker.check(tenant, body).then(() => order.push(tenant));
    await Promise.all([check('noisy', dense), check('noisy', dense), check('quiet', small)]);
    expect(order).toEqual(['quiet', 'noisy', 'noisy']);
  });

  it('refuses more documents of a tenant than may wait, and none of another', async () => {
    withChecker({ threads: 1 });
    const results = Promise.allSettled(
      Array.from({ length: 40 }, () => checker.check('noisy', small)),
    );
    expect((await checker.check('quiet', small)).flow.name).toBe('x');
    const refused = (await results).filter(({ status }) => status === 'rejected');
    // One is being checked, 32 wait.
    expect(refused).toHaveLength(7);
    expect(refused[0]).toMatchObject({ reason: { code: 'registry.unavailable', retryable: true } });
  });

  it('gives up on a document that takes too much computing, and goes on', async () => {
    withChecker({ threads: 1, computingMs: 100 });
    const [costly, next] = [refusal(checker.check('t', dense)), checker.check('u', small)];
    expect(await costly).toMatchObject({ code: 'flow.invalid', status: 422 });
    expect((await costly).message).toContain('seconds of computing');
    expect((await next).flow.name).toBe('x');
  });

  it('refuses what waits when it is closed', async () => {
    withChecker({ threads: 1 });
    const results = Promise.allSettled([checker.check('t', dense), checker.check('t', small)]);
    await checker.close();
    for (const result of await results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { code: 'registry.unavailable', retryable: true },
      });
    }
  });
});
