import { formatSummary, sumJestResult } from './test-summary.mjs';

const result = {
  numPassedTests: 7,
  numFailedTests: 1,
  numPendingTests: 2,
  numTodoTests: 1,
  numRuntimeErrorTestSuites: 1,
  testResults: [
    {
      name: 'a.spec.ts',
      assertionResults: [
        { status: 'passed', fullName: 'works' },
        { status: 'pending', fullName: 'rests' },
      ],
    },
  ],
};

describe('the summary of a test run', () => {
  it('counts a suite that does not load as failed', () => {
    expect(sumJestResult(result, { skippedFails: false, log: () => undefined })).toEqual({
      passed: 7,
      failed: 2,
      skipped: 3,
    });
  });

  it('counts skipped tests as failed where they must not be skipped, and names them', () => {
    const lines: string[] = [];

    const sum = sumJestResult(result, { skippedFails: true, log: (line) => lines.push(line) });

    expect(sum).toEqual({ passed: 7, failed: 5, skipped: 0 });
    expect(lines).toEqual(['Skipped, which counts as failed here: a.spec.ts: rests']);
  });

  it('is one line', () => {
    expect(formatSummary({ passed: 7, failed: 2, skipped: 3 })).toBe(
      '7 passed, 2 failed, 3 skipped',
    );
  });
});
