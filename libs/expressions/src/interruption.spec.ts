import {
  compileExpression,
  compileTemplate,
  CpuAllowance,
  ExpressionInterrupted,
  ExpressionRuntimeError,
  StepPool,
  type Json,
} from '.';

/** A thread whose CPU and time go by as a test says. */
const clock = { cpu: 0, time: 0, perLook: 0 };

beforeEach(() => {
  Object.assign(clock, { cpu: 0, time: 0, perLook: 0 });
  jest.spyOn(performance, 'now').mockImplementation(() => {
    clock.cpu += clock.perLook;
    clock.time += clock.perLook;
    return clock.time;
  });
  jest
    .spyOn(process, 'threadCpuUsage')
    .mockImplementation(() => ({ user: clock.cpu * 1_000, system: 0 }));
});

afterEach(() => {
  jest.restoreAllMocks();
});

const million = 'reduce range(1000000) as $i (0; . + 1)';

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('an evaluation that has used up its CPU', () => {
  it.each([
    million,
    `try (${million}) catch "caught"`,
    `(${million})?`,
    `[.[]?, (${million})] // 1`,
    `label $out | ${million}, break $out`,
    `first(${million}, 1)`,
    `. as [$a] ?// $a | ${million}`,
    `("x" * 1000000) | try test("(a|aa)+$") catch 1, ${million}`,
  ])('is interrupted, and catches nothing: %s', (program) => {
    const expression = compileExpression(program);
    clock.perLook = 1;
    for (const run of [
      () => expression.collect([1], {}, { cpu: new CpuAllowance(10) }),
      () => expression.evaluate([1], {}, { cpu: new CpuAllowance(10) }),
      () => expression.first([1], {}, { cpu: new CpuAllowance(10) }),
    ]) {
      const error = thrownBy(run);
      expect(error).toBeInstanceOf(ExpressionInterrupted);
      expect(error).not.toBeInstanceOf(ExpressionRuntimeError);
    }
  });

  it('gives the same when it is run again with more', () => {
    const expression = compileExpression(million);
    clock.perLook = 1;
    expect(() => expression.first(null, {}, { cpu: new CpuAllowance(10) })).toThrow(
      ExpressionInterrupted,
    );
    expect(expression.first(null, {}, { cpu: new CpuAllowance(1e6) })).toBe(1_000_000);
  });

  it('is interrupted within a template, in the loose mode too', () => {
    clock.perLook = 1;
    for (const mode of ['strict', 'loose'] as const) {
      const template = compileTemplate({ a: `\${ ${million} }`, b: '${ 1 }' }, { mode });
      expect(() => template.evaluate(null, {}, { cpu: new CpuAllowance(10) })).toThrow(
        ExpressionInterrupted,
      );
    }
  });
});

it('does not mind a pause of the process', () => {
  const cpu = new CpuAllowance(10);
  clock.time += 3_600_000;
  expect(compileExpression(million).first(null, {}, { cpu })).toBe(1_000_000);
});

it('counts the CPU of several evaluations together', () => {
  const cpu = new CpuAllowance(10);
  const expression = compileExpression('reduce range(10000) as $i (0; . + 1)');
  clock.perLook = 1;
  const run = () => {
    for (let i = 0; i < 100; i += 1) expression.first(null, {}, { cpu });
  };
  expect(run).toThrow(ExpressionInterrupted);
});

it('looks at the clock also when each of many evaluations is short', () => {
  const cpu = new CpuAllowance(10);
  const value = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, '${ . }']));
  const template = compileTemplate(value, { mode: 'strict' });
  clock.perLook = 1;
  expect(() => template.evaluate(1, {}, { cpu })).toThrow(ExpressionInterrupted);
});

it('does not begin what nothing could interrupt when too little is left', () => {
  clock.perLook = 0;
  const cpu = new CpuAllowance(10);
  expect(() => cpu.demand(9)).not.toThrow();
  clock.cpu = clock.time = 5;
  expect(() => cpu.demand(9)).toThrow(ExpressionInterrupted);
  // Whoever has more than a second may begin anything.
  expect(() => new CpuAllowance(1_500).demand(60_000)).not.toThrow();
});

describe('steps that evaluations share', () => {
  it('end the one that takes the last, and those after it', () => {
    const pool = new StepPool(100_000);
    const expression = compileExpression('reduce range(20000) as $i (0; . + 1)');
    const outcomes = Array.from({ length: 20 }, () =>
      expression.collect(null, {}, { pool }).error === undefined ? 'done' : 'bound',
    );
    expect(outcomes.join(' ')).toMatch(/^(done )+(bound ?)+$/);
    const { error } = compileExpression('[.]').collect(null, {}, { pool });
    expect(error).toMatchObject({
      limit: 'steps',
      message: 'The expressions of one value took more than 100000 steps',
    });
  });

  it('are the same whatever is evaluated in between', () => {
    const outcomesOf = (between: () => void): Json[] => {
      const pool = new StepPool(100_000);
      const expression = compileExpression('reduce range(20000) as $i (0; . + 1)');
      return Array.from({ length: 10 }, () => {
        between();
        return expression.collect(null, {}, { pool }).outputs;
      });
    };
    const other = compileExpression('reduce range(30000) as $i (0; . + 1)');
    expect(outcomesOf(() => other.first(null))).toEqual(outcomesOf(() => undefined));
  });
});

describe('now', () => {
  it('is what the evaluation is given', () => {
    const now = 1_700_000_000_123;
    expect(compileExpression('[now, now]').first(null, {}, { now })).toEqual([
      1_700_000_000.123, 1_700_000_000.123,
    ]);
    expect(compileExpression('now | todate').first(null, {}, { now })).toBe('2023-11-14T22:13:20Z');
    const template = compileTemplate({ a: '${ now }', b: 'at ${ now }' }, { mode: 'strict' });
    expect(template.evaluate(null, {}, { now })).toEqual({
      a: 1_700_000_000.123,
      b: 'at 1700000000.123',
    });
  });

  it('stands still within an evaluation that is not given one', () => {
    const times = jest.spyOn(Date, 'now').mockReturnValueOnce(1_000).mockReturnValueOnce(2_000);
    expect(compileExpression('[now, now]').first(null)).toEqual([1, 1]);
    expect(compileExpression('[now, now]').first(null)).toEqual([2, 2]);
    expect(times).toHaveBeenCalledTimes(2);
  });
});
