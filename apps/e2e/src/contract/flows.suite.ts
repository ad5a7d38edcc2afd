import { parse, stringify } from 'yaml';
import { flow, set, type Flow } from '../flows';
import { diagnosed } from '../shape/diagnosed';
import type { Answer } from '../shape/api';
import { expectProblem, storedRows, time } from './expectations';
import type { WorldOf } from './world';

const yaml = { 'content-type': 'application/yaml' };

const yamlText = (version: string) => `# of a person
document:
  dsl: '1.0.3'
  namespace: e2e
  name: written
  version: '${version}'
do:
  - only:
      set: { text: "hello", count: 1 }
`;

/** The same content with another order of keys. */
function reordered(document: Flow): unknown {
  const turn = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(turn)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([key, each]) => [key, turn(each)]),
          )
        : value;
  return turn(document);
}

/** Applying, versions, activation, documents. */
export function flowsSuite(world: WorldOf): void {
  const test = diagnosed(() => world().shape);
  const item = (name: string, version: string, active: boolean) => ({
    namespace: 'e2e',
    name,
    version,
    active,
    createdAt: expect.stringMatching(time),
  });
  const base = (name: string) => `/v1/flows/e2e/${name}`;

  describe('flows', () => {
    test('identical content is 200 whatever its form, other content of the version 409', async () => {
      const { a, shape } = world();
      const send = (raw: string): Promise<Answer> =>
        a.api.post('/v1/flows', { raw, headers: yaml });
      const first = await send(yamlText('1.0.0'));
      expect([first.status, first.body]).toEqual([201, item('written', '1.0.0', true)]);
      const rows = await storedRows(shape, a.id);
      const document = parse(yamlText('1.0.0')) as Flow;
      const same = [
        await send(yamlText('1.0.0')),
        await send(`# another comment\n${yamlText('1.0.0')}`),
        await send(stringify(reordered(document))),
        await a.api.apply(document),
        await a.api.apply(reordered(document)),
      ];
      for (const { status, body } of same) expect([status, body]).toEqual([200, first.body]);
      expectProblem(
        await send(yamlText('1.0.0').replace('hello', 'bye')),
        409,
        'flow.version_conflict',
      );
      expect(await storedRows(shape, a.id)).toEqual(rows);
    });

    test('versions are activated, by applying or by request; applying again changes nothing', async () => {
      const { a } = world();
      const version = (number: string) =>
        flow('versions', [set('only', { version: number })], {}, number);
      expect((await a.api.apply(version('1.0.0'), '?activate=false')).body).toEqual(
        item('versions', '1.0.0', false),
      );
      expectProblem(await a.api.get(base('versions')), 404);
      expectProblem(await a.api.start('e2e/versions'), 404, 'flow.not_active');
      const pinned = await a.api.run('e2e/versions', {}, { version: '1.0.0' });
      expect([pinned.status, pinned.body.output]).toEqual([200, { version: '1.0.0' }]);
      expect((await a.api.apply(version('1.1.0'))).body).toEqual(item('versions', '1.1.0', true));
      expect((await a.api.apply(version('1.0.0'))).body).toEqual(item('versions', '1.0.0', false));
      expect((await a.api.get(base('versions'))).body).toEqual(item('versions', '1.1.0', true));
      const activated = await a.api.post(`${base('versions')}/versions/1.0.0/activate`);
      expect([activated.status, activated.body]).toEqual([200, item('versions', '1.0.0', true)]);
      expect((await a.api.apply(version('1.1.0'))).body).toEqual(item('versions', '1.1.0', false));
      const all = await a.api.get(`${base('versions')}/versions`);
      expect(all.body.items).toEqual(
        expect.arrayContaining([item('versions', '1.0.0', true), item('versions', '1.1.0', false)]),
      );
      expect(all.body.items).toHaveLength(2);
      expect((await a.api.run('e2e/versions')).body.output).toEqual({ version: '1.0.0' });
      const listed = await a.api.get('/v1/flows?limit=1000');
      expect(listed.body.items).toContainEqual(item('versions', '1.0.0', true));
      expect(listed.body.items).not.toContainEqual(expect.objectContaining({ version: '1.1.0' }));
    });

    test('the document comes in the media type applied, or as Accept says', async () => {
      const { a } = world();
      const source = yamlText('2.0.0');
      await a.api.post('/v1/flows', { raw: source, headers: yaml });
      const path = `${base('written')}/versions/2.0.0`;
      const ask = (accept?: string) => a.api.get(path, { headers: accept ? { accept } : {} });
      const [plain, any, json, text] = [
        await ask(),
        await ask('*/*'),
        await ask('application/json'),
        await ask('application/yaml'),
      ];
      for (const answer of [plain, any, text]) {
        expect(answer.headers['content-type']).toMatch(/^application\/yaml/);
        expect(parse(answer.text)).toEqual(parse(source));
      }
      expect(json.headers['content-type']).toMatch(/^application\/json/);
      expect(json.body).toEqual(parse(source));
    });

    test('lists come page by page', async () => {
      const { b } = world();
      for (const name of ['one', 'two', 'three'])
        await b.api.apply(flow(name, [set('x', { ok: true })]));
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const query = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const { body } = await b.api.get(`/v1/flows?limit=1${query}`);
        expect(body.items).toHaveLength(1);
        names.push(...body.items.map(({ name }) => name));
        cursor = body.nextCursor;
      } while (cursor !== undefined);
      expect(names.sort()).toEqual(['one', 'three', 'two']);
      expectProblem(await b.api.get('/v1/flows?limit=0'), 400);
      expectProblem(await b.api.get('/v1/flows?limit=x'), 400);
      expectProblem(await b.api.get('/v1/flows?cursor=%00nonsense'), 400, 'request.invalid_cursor');
      expectProblem(await b.api.post('/v1/flows?activate=perhaps', { json: {} }), 400);
    });

    test('every name and version that can be applied can be reached', async () => {
      const { a } = world();
      const longest = `1.0.0-${'a'.repeat(249)}`;
      const named = (version: string) => {
        const { document, ...rest } = flow('CamelCase', [set('x', { ok: true })], {}, version);
        return { ...rest, document: { ...document, namespace: 'E2E' } };
      };
      expect((await a.api.apply(named(longest))).status).toBe(201);
      const path = '/v1/flows/E2E/CamelCase';
      expect((await a.api.get(path)).body).toMatchObject({ namespace: 'E2E', version: longest });
      expect((await a.api.get(`${path}/versions/${longest}`)).status).toBe(200);
      expectProblem(await a.api.get(path.toLowerCase()), 404);
      expect((await a.api.run('E2E/CamelCase')).body.output).toEqual({ ok: true });
      expect((await a.api.get('/v1/executions?flow=E2E/CamelCase')).body.items).toHaveLength(1);
      const tooLong = await a.api.apply(named(`${longest}a`));
      expectProblem(tooLong, 422, 'flow.invalid');
      expect(tooLong.body.errors[0]?.pointer).toBe('#/document/version');
    });

    test('what does not exist is 404', async () => {
      const { a } = world();
      const paths = [
        '/none',
        '/none/versions',
        '/none/versions/1.0.0',
        '/written/versions/9.9.9',
        `/written/versions/1.0.0-${'x'.repeat(5_000)}`,
        '/UPPER',
      ];
      for (const path of paths) expectProblem(await a.api.get(`/v1/flows/e2e${path}`), 404);
      expectProblem(await a.api.post(`${base('written')}/versions/9.9.9/activate`), 404);
      expectProblem(await a.api.post(`${base('none')}/versions/1.0.0/activate`), 404);
      expectProblem(await a.api.get(`${base('written')}/versions/%00`), 404);
    });

    test('an invalid flow is 422 and names the places with their lines', async () => {
      const { a, shape } = world();
      const rows = await storedRows(shape, a.id);
      const bad = (body: string) =>
        `document: { dsl: '1.0.3', namespace: e2e, name: bad, version: '1.0.0' }\ndo:\n${body}`;
      const cases: [string, string, number][] = [
        [bad('  - x: { set: { a: 1 }, then: nowhere }\n'), '#/do/0/x/then', 3],
        [bad('  - x:\n      call: nobody\n'), '#/do/0/x/call', 4],
        [bad('  - x:\n      set: { a: "${ .a | }" }\n'), '#/do/0/x/set/a', 4],
        [bad('  - x:\n      nonsense: true\n'), '#/do/0/x', 3],
        [bad('  - "a b%é/~x":\n      nonsense: true\n'), '#/do/0/a%20b%25%C3%A9~1~0x', 3],
        [`document: { dsl: '1.0.3', namespace: e2e, name: bad }\ndo: []\n`, '#/document', 1],
        ['just a text', '#', 1],
      ];
      for (const [raw, pointer, line] of cases) {
        const answer = await a.api.post('/v1/flows', { raw, headers: yaml });
        expectProblem(answer, 422, 'flow.invalid');
        expect(answer.body.errors).toContainEqual({
          pointer: expect.stringMatching(new RegExp(`^${pointer}(/|$)`)),
          line: expect.any(Number),
          message: expect.stringMatching(/\S/),
        });
        expect(answer.body.errors.map((each) => each.line)).toContain(line);
      }
      expect(await storedRows(shape, a.id)).toEqual(rows);
    });
  });
}
