import { DocumentSyntaxError } from './document-issue';
import { parseDocument } from './parse-document';

const yaml = (text: string): ReturnType<typeof parseDocument> =>
  parseDocument(text, 'application/yaml');
const json = (text: string): ReturnType<typeof parseDocument> =>
  parseDocument(text, 'application/json');
const issue = (parse: () => unknown): { pointer: string; line?: number; message: string } => {
  try {
    parse();
  } catch (error) {
    if (error instanceof DocumentSyntaxError && error.issues[0]) return error.issues[0];
    throw error;
  }
  throw new Error('was accepted');
};

// Some texts are large: more than a test's usual time on a busy machine.
jest.setTimeout(60_000);

describe('parseDocument of YAML', () => {
  it('reads YAML 1.2: no booleans but true and false, no merge keys, keys as they are written', () => {
    const { document } = yaml('a: yes\nb: 0o10\nc: 1.50\n1: x\n<<: { d: 1 }');
    expect(document).toEqual(
      expect.objectContaining({ a: 'yes', b: 8, c: 1.5, '1': 'x', '<<': { d: 1 } }),
    );
  });

  it('keeps __proto__ an ordinary key', () => {
    const { document } = yaml('__proto__: { polluted: true }\na: 1');
    expect(Object.keys(document as object)).toEqual(['__proto__', 'a']);
    expect((document as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('knows the line of every pointer, and of the nearest place for others', () => {
    const { line } = yaml(
      'document:\n  dsl: x\ndo:\n  - a:\n      set:\n        x/y: 1\n  - b: {}\n',
    );
    expect(
      ['#', '#/do', '#/do/0', '#/do/0/a/set/x~1y', '#/do/1/b', '#/do/0/a/set/gone'].map(line),
    ).toEqual([1, 3, 4, 6, 7, 5]);
  });

  it('takes an alias for the last anchor before it, however many there are', () => {
    const many = Array.from(
      { length: 4_900 },
      (_, index) => `- &b${index} ${index}\n- *b${index}\n`,
    );
    const { document } = yaml(`- &a 1\n- *a\n- &a { b: 2 }\n- *a\n${many.join('')}`);
    const [one, two, three, four, ...rest] = document as unknown[];
    expect([one, two, three, four]).toEqual([1, 1, { b: 2 }, { b: 2 }]);
    expect(rest.slice(-4)).toEqual([4_898, 4_898, 4_899, 4_899]);
  });

  it('names the first errors of a text that consists of errors', () => {
    const { message, line } = issue(() => yaml(`a: b\n${']'.repeat(400_000)}`));
    expect([message, line]).toEqual([expect.stringContaining('flow-seq-end'), 2]);
    expect(issue(() => yaml(`a: "${'\\q'.repeat(100_000)}"`)).message).toContain('escape');
    expect(issue(() => yaml('---\n'.repeat(100_000))).message).toContain('several YAML documents');
    expect(new Error('defect').stack).toContain('parse-document.spec');
  });

  it('refuses a text of more tokens than it can read in time', () => {
    const { message, line } = issue(() => yaml(`a:\n${'- b\n'.repeat(200_000)}`));
    expect(message).toContain('over 500000 tokens');
    expect(line).toBeGreaterThan(100_000);
  });

  it('expands aliases, up to a bound', () => {
    expect(yaml('a: &x { b: 1 }\nc: *x').document).toEqual({ a: { b: 1 }, c: { b: 1 } });
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
      .concat(
        Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(10)}]`),
      )
      .join('\n');
    expect(issue(() => yaml(bomb)).message).toContain('Aliases expand');
  });

  it.each([
    ['a long text', (text: string) => `a: &a ${text}\nb: [${'*a, '.repeat(500)}]`, '#/b/10'],
    ['a long key', (text: string) => `a: &a { ${text}: 1 }\nb: [${'*a, '.repeat(500)}]`, '#/b/10'],
    [
      'a key that is an alias itself',
      (text: string) => `a: &a ${text}\nb: [${'{ *a : 1 }, '.repeat(500)}]`,
      '#/b/10',
    ],
  ])('bounds what %s comes to by aliases', (_, bomb, pointer) => {
    const found = issue(() => yaml(bomb('x'.repeat(99_000))));
    expect(found.message).toBe('Aliases expand to over 1000000 characters');
    expect(found.pointer).toEqual(pointer);
  });

  it.each([
    ['duplicate keys', 'a: 1\nb: 2\na: 3', '#/a', 3, 'twice'],
    ['bad syntax', 'a: 1\nb: [1, 2\nc: 3', '#', 3, ''],
    ['a place that no fragment can hold as it is', 'a b%é: *gone', '#/a%20b%25%C3%A9', 1, ''],
    ['an unknown anchor', 'a: *gone', '#/a', 1, 'no anchor'],
    [
      'an alias to itself',
      'a: &a [*a]',
      expect.stringMatching(/^#\/a(\/0)+$/),
      undefined,
      'nested',
    ],
    ['a custom tag', 'a: !secret x', '#', 1, 'tag'],
    ['what JSON cannot hold', 'a: .inf', '#/a', 1, 'infinite'],
    ['several documents', 'a: 1\n---\nb: 1', '#', 2, 'several'],
    ['nothing', '# only a comment', '#', undefined, 'empty'],
    ['a key that is a list', '? [a]\n: 1', '#', 1, 'key'],
    [
      'depth',
      '['.repeat(101) + ']'.repeat(101),
      expect.stringMatching(/^#(\/0){100}$/),
      1,
      'nested over 100',
    ],
    ['depth beyond the stack', '['.repeat(200_000), '#', undefined, ''],
  ])('refuses %s', (_, text, pointer, line, message) => {
    const found = issue(() => yaml(text));
    expect(found.pointer).toEqual(pointer);
    if (line !== undefined) expect(found.line).toBe(line);
    expect(found.message).toContain(message);
  });

  it.each(['', '1', 'null'])('reads a hundred levels around %j', (leaf) =>
    expect(() => yaml('['.repeat(100) + leaf + ']'.repeat(100))).not.toThrow(),
  );

  it('finds a duplicate among very many keys in time that grows with their number', () => {
    const text = Array.from({ length: 20_000 }, (_, n) => `k${n}: 1`).join('\n');
    expect(issue(() => yaml(`${text}\nk0: 2`))).toMatchObject({ pointer: '#/k0', line: 20_001 });
  });
});

describe('parseDocument of JSON', () => {
  it('refuses numbers that a double cannot hold', () => {
    expect(issue(() => json('{\n"a": [1e308, -1e400]}'))).toEqual({
      pointer: '#/a/1',
      line: 2,
      message: expect.stringContaining('double'),
    });
  });

  it('ignores a byte order mark', () => expect(json('\ufeff{"a": 1}').document).toEqual({ a: 1 }));

  it('finds the line of a fragment that is encoded', () => {
    expect(json('{\n"a b%": {\n"c": 1}}').line('#/a%20b%25/c')).toBe(3);
  });

  it('reads JSON and knows its lines', () => {
    const { document, line } = json('{\n "a": [\n  {"b\\"": "{[,"},\n  2\n ]\n}');
    expect(document).toEqual({ a: [{ 'b"': '{[,' }, 2] });
    expect(['#/a', '#/a/0', '#/a/0/b"', '#/a/1', '#/gone'].map(line)).toEqual([2, 3, 3, 4, 1]);
  });

  it.each([
    ['duplicate keys', '{"a": 1,\n"a": 2}', '#/a', 2, 'twice'],
    ['bad syntax', '{"a": 1,\n}', '#', 2, ''],
    ['a value too few', '{"a": [1,\n2,]}', '#', 2, 'expected a value at column 3'],
    ['YAML', '\na: 1', '#', 2, 'expected a value at column 1'],
    ['no end', '{"a": 1', '#', 1, 'the text ends'],
    ['depth without end', '['.repeat(200_000), '#', 1, 'nested too deeply'],
    ['a long text without end', `{"a": "${'x'.repeat(1_000_000)}`, '#', 1, 'not closed'],
    [
      'depth',
      '['.repeat(101) + ']'.repeat(101),
      expect.stringMatching(/^#(\/0){100}$/),
      1,
      'nested',
    ],
  ])('refuses %s', (_, text, pointer, line, message) => {
    const found = issue(() => json(text));
    expect(found.pointer).toEqual(pointer);
    if (line !== undefined) expect(found.line).toBe(line);
    expect(found.message).toContain(message);
  });
});
