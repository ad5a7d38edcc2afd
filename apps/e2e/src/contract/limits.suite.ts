import { connect } from 'node:net';
import { flow, greet, set } from '../flows';
import { diagnosed } from '../shape/diagnosed';
import { expectProblem, storedRows } from './expectations';
import type { WorldOf } from './world';

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const json = { 'content-type': 'application/json' };
const yaml = { 'content-type': 'application/yaml' };

const bomb = [
  'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
  ...Array.from(
    { length: 9 },
    (_, n) => `a${n + 1}: &a${n + 1} [${Array(10).fill(`*a${n}`).join(', ')}]`,
  ),
].join('\n');

/** Bodies that are too large, too deep, malformed or of the wrong type; and requests that are too many. */
export function limitsSuite(world: WorldOf): void {
  const test = diagnosed(() => world().shape);
  const start = '/v1/flows/e2e/greet/executions';

  describe('limits', () => {
    let rows: Record<string, number>;
    beforeAll(async () => {
      const { a, shape } = world();
      await a.api.apply(greet);
      rows = await storedRows(shape, a.id);
    });

    /** Each route with a body refuses it, and no row is stored. */
    const refused = async (
      raw: string | Buffer,
      headers: Record<string, string>,
      status: number,
    ) => {
      const { a, shape } = world();
      const apply = await a.api.post('/v1/flows', { raw, headers });
      const answers = [
        apply,
        await a.api.post(start, { raw, headers }),
        await a.api.post('/workflows/execute', { raw, headers }),
      ];
      for (const answer of answers) expectProblem(answer, status);
      expect(await storedRows(shape, a.id)).toEqual(rows);
      return answers;
    };

    test('a body over 1 MB is 413', async () => {
      await refused(JSON.stringify({ input: 'x'.repeat(1_048_576) }), json, 413);
    });

    test('a body of 10 MB is 413, and the connection is not broken', async () => {
      await refused(Buffer.alloc(10_485_760, 'x'), json, 413);
      const { a } = world();
      expectProblem(
        await a.api.post('/v1/flows', { raw: Buffer.alloc(10_485_760, 'x'), headers: yaml }),
        413,
      );
    });

    test('a body just under the limit is taken', async () => {
      const { a } = world();
      const text = 'y'.repeat(1_000_000);
      const answer = await a.api.run('e2e/greet', { name: text });
      expect([answer.status, answer.body.output]).toEqual([200, { text: `Hello, ${text}` }]);
      rows = await storedRows(world().shape, a.id);
    });

    test('nesting of more than 100 levels is 400, of 100 is not', async () => {
      const { a } = world();
      await refused(nested(101), json, 400);
      await refused(nested(400_000), json, 400);
      expectProblem(await a.api.post('/v1/flows', { raw: nested(101), headers: yaml }), 400);
      expectProblem(await a.api.post('/v1/flows', { raw: nested(200_000), headers: yaml }), 400);
      const deepest = `{"input":{"name":"x","deep":${nested(98)}}}`;
      const answer = await a.api.post(start, {
        raw: deepest,
        headers: { ...json, prefer: 'wait=30' },
      });
      expect([answer.status, answer.body.status]).toEqual([200, 'completed']);
      rows = await storedRows(world().shape, a.id);
    });

    test('YAML may nest 100 levels as JSON may', async () => {
      const { a } = world();
      const deep = `${'{a: '.repeat(95)}1${'}'.repeat(95)}`;
      const yamlOf = (name: string, value: string) =>
        `document: {dsl: '1.0.3', namespace: e2e, name: ${name}, version: '1.0.0'}\ndo:\n- x: {set: {v: ${value}}}\n`;
      const taken = await a.api.post('/v1/flows', { raw: yamlOf('deep', deep), headers: yaml });
      expect(taken.status).toBe(201);
      const deeper = await a.api.post('/v1/flows', {
        raw: yamlOf('deeper', `[${deep}]`),
        headers: yaml,
      });
      expectProblem(deeper, 400, 'document.malformed');
      rows = await storedRows(world().shape, a.id);
    });

    test('numbers beyond a double are 400, as nothing could keep them', async () => {
      await refused('{"input":{"n":[1e400]},"do":[]}', json, 400);
    });

    test('malformed JSON is 400 and names the place', async () => {
      for (const answer of await refused('{\n  "input": {"a": 1,}\n}', json, 400)) {
        expect(answer.body.errors).toEqual([
          { pointer: expect.stringMatching(/^#/), line: 2, message: expect.stringMatching(/\S/) },
        ]);
      }
      await refused(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), json, 400);
      await refused('', json, 400);
    });

    test('malformed YAML and alias bombs are 400 and name the place', async () => {
      const { a, shape } = world();
      const texts = [
        'document:\n  dsl: [1, 2\ndo: x\n',
        'a: 1\na: 2\n',
        bomb,
        'a: *gone\n',
        'a: \u0000\n',
        '',
      ];
      for (const raw of texts) {
        const answer = await a.api.post('/v1/flows', { raw, headers: yaml });
        expectProblem(answer, 400, 'document.malformed');
        expect([raw, answer.body.errors]).toEqual([
          raw,
          expect.arrayContaining([
            expect.objectContaining({ pointer: expect.stringMatching(/^#/) }),
          ]),
        ]);
      }
      const broken = await a.api.post('/v1/flows', { raw: 'a: 1\nb: [1, 2\nc: 3', headers: yaml });
      expect(broken.body.errors[0]?.line).toBeGreaterThanOrEqual(2);
      expect(await storedRows(shape, a.id)).toEqual(rows);
    });

    test('the wrong content type is 415', async () => {
      await refused('{}', { 'content-type': 'text/plain' }, 415);
      await refused('{}', {}, 415);
      await refused('{}', { ...json, 'content-encoding': 'gzip' }, 415);
      const { a } = world();
      expectProblem(await a.api.post(start, { raw: '{}', headers: yaml }), 415);
      const parameters = { 'content-type': 'Application/JSON; charset=utf-8' };
      const answer = await a.api.post(start, {
        raw: '{"input":{"name":"x"}}',
        headers: parameters,
      });
      expect(answer.status).toBe(202);
    });

    test('what is no HTTP request is refused with a problem, too', async () => {
      const { shape } = world();
      const texts: [string, number][] = [
        ['NONSENSE\r\n\r\n', 400],
        [`GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
      ];
      for (const [text, status] of texts) {
        const socket = connect(shape.port, '127.0.0.1', () => socket.write(text));
        let answer = '';
        for await (const chunk of socket) answer += String(chunk);
        const [head = '', body = ''] = answer.split('\r\n\r\n');
        expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} .*application/problem\\+json`, 's'));
        expect(JSON.parse(body)).toMatchObject({ status, traceId: expect.any(String) });
      }
    });

    test('over its rate a tenant is 429 with Retry-After, and others are not', async () => {
      const { shape, b } = world();
      const small = await shape.createTenant({ limits: { requestsPerSecond: 5 } });
      const answers = await Promise.all(
        Array.from({ length: 40 }, () => small.api.get('/v1/flows')),
      );
      const limited = answers.filter(({ status }) => status === 429);
      expect(limited.length).toBeGreaterThanOrEqual(10);
      expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(1);
      for (const answer of limited) expectProblem(answer, 429, 'rate.exceeded');
      expect((await b.api.get('/v1/flows')).status).toBe(200);
      const seconds = Math.max(...limited.map(({ headers }) => Number(headers['retry-after'])));
      expect(seconds).toBeLessThanOrEqual(10);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
      expect((await small.api.apply(flow('x', [set('x', { ok: true })]))).status).toBe(201);
    });
  });
}
