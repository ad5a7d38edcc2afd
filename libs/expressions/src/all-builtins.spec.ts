import {
  builtinNames,
  compileExpression,
  CpuAllowance,
  ExpressionInterrupted,
  type Expression,
  type Json,
} from '.';
import { threadCpu } from './run/clock';

jest.setTimeout(120_000);

/**
 * Every builtin over every kind of large value ends soon after its time, however it ends. What
 * a run takes is measured in processor time of this thread, which other work does not change.
 */
const budget = 10;
/** 50 ms, and as much again as collecting garbage and code that is not compiled yet may take. */
const tolerance = 300;
/** The best of so many counts: a collection of what others left is not the program's time. */
const attempts = 5;

const size = 300_000;
const text = Buffer.from('Häé😀llo, World 12 '.repeat(size / 4)).toString();

const inputs: Readonly<Record<string, () => Json>> = {
  numbers: () => Array.from({ length: size }, (_, i) => (i * 7919) % 1_000_003),
  texts: () => Array.from({ length: size }, (_, i) => `k${i}`),
  rows: () => Array.from({ length: size / 10 }, (_, i) => [i, `v${i}`, { a: i }]),
  object: () => Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, i])),
  text: () => text,
};

/** Arguments of all kinds, so that each builtin gets past its checks in some of the programs. */
const argumentKinds = ['.', '1', '"a"', '.[]?'];

function programsOf(key: string): readonly string[] {
  const [name = '', count = '0'] = key.split('/');
  if (count === '0') return [name];
  return argumentKinds.map((kind) => `${name}(${Array(Number(count)).fill(kind).join('; ')})`);
}

const programs = builtinNames().flatMap(programsOf);

function evaluate(expression: Expression, input: Json): void {
  const cpu = new CpuAllowance(budget);
  try {
    expression.collect(input, {}, { cpu, steps: 1e15, bytes: 2 ** 30 });
  } catch (error) {
    if (!(error instanceof ExpressionInterrupted)) throw error;
  }
}

describe.each(Object.keys(inputs))('over %s', (name) => {
  it('every builtin ends within its time', () => {
    const input = (inputs[name] as () => Json)();
    const late = programs.filter((program) => {
      const expression = compileExpression(program);
      let least = Infinity;
      for (let attempt = 0; attempt < attempts && least >= budget + tolerance; attempt += 1) {
        const start = threadCpu();
        evaluate(expression, input);
        least = Math.min(least, threadCpu() - start);
      }
      return least >= budget + tolerance;
    });
    expect(late).toEqual([]);
  });
});

it('has programs for all builtins', () => {
  expect(programs.length).toBeGreaterThan(400);
});
