import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { compileExpression, ExpressionSyntaxError, type Json } from '..';
import { startMeter } from '../run/meter';
import { equal } from '../values/compare';
import { finite } from '../values/finite';
import { parseJson } from '../values/parse';
import { importsFiles, readSuite, type SuiteCase } from './suite-file';

const root = path.join(__dirname, '../../../..');
const data = process.env['EASYFLOW_CONFORMANCE_DIR'] ?? path.join(root, '../shared/conformance');
const folder = path.join(data, 'jq');
const suites = ['jq', 'man', 'manonig', 'onig', 'base64', 'uri'].map((name) => `${name}.test`);
const limits = { steps: 1e9, bytes: 2 ** 31 };

interface KnownFailure {
  readonly suite: string;
  readonly program: string;
  readonly reason: string;
}

const known = JSON.parse(
  readFileSync(path.join(__dirname, '../../conformance/known-failures.json'), 'utf8'),
) as KnownFailure[];

/** Inputs may hold `nan`, which JSON cannot carry: they are read as jq reads them. */
function read(text: string): Json {
  startMeter(limits);
  return parseJson(text.replace(/^\ufeff/, ''));
}

function isSame(a: Json, b: Json): boolean {
  startMeter(limits);
  const [x, y] = [finite(a), finite(b)];
  return x === y || equal(x, y);
}

/** undefined: passed. Like jq's own runner, only what is output counts. */
function complaintAbout(test: SuiteCase): string | undefined {
  if (test.input === undefined) {
    try {
      compileExpression(test.program);
    } catch (error) {
      return error instanceof ExpressionSyntaxError ? undefined : String(error);
    }
    return 'compiles';
  }
  let got: readonly Json[];
  try {
    got = compileExpression(test.program).collect(read(test.input), {}, limits).outputs;
  } catch (error) {
    return String(error);
  }
  const wanted = test.outputs.map(read);
  const passed =
    got.length === wanted.length && wanted.every((value, i) => isSame(value, got[i] as Json));
  return passed ? undefined : `wanted ${test.outputs.join(' ')}; got ${JSON.stringify(got)}`;
}

if (!existsSync(folder)) {
  if (process.env['CI'] === 'true') {
    it('finds the conformance data', () => {
      throw new Error(`no conformance data in ${folder}: set EASYFLOW_CONFORMANCE_DIR`);
    });
  } else {
    it.skip(`jq's own suites (no data in ${folder}: set EASYFLOW_CONFORMANCE_DIR)`, () =>
      undefined);
  }
} else {
  describe.each(suites)('%s', (suite) => {
    const cases = readSuite(readFileSync(path.join(folder, suite), 'utf8')).filter(
      ({ program }) => !importsFiles(program),
    );
    const failing = cases.flatMap((test) => {
      const complaint = complaintAbout(test);
      return complaint === undefined ? [] : [{ program: test.program, complaint }];
    });
    const expected = known.filter((failure) => failure.suite === suite);

    it('fails in the known cases and in no others', () => {
      expect(failing.map(({ program }) => program).sort()).toEqual(
        expected.map(({ program }) => program).sort(),
      );
    });

    it('passes at least 98 %', () => {
      expect(cases.length).toBeGreaterThan(5);
      expect((cases.length - failing.length) / cases.length).toBeGreaterThanOrEqual(0.98);
    });
  });

  it('names known failures that exist, each with its reason', () => {
    for (const { suite, reason } of known) {
      expect(suites).toContain(suite);
      expect(reason).not.toBe('');
    }
  });
}
