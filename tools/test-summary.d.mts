export interface TestSum {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of `jest --json` that is summed. */
export interface JestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export const noTests: TestSum;

export function sumJestResult(
  result: JestResult,
  options: { readonly skippedFails: boolean; readonly log: (line: string) => void },
): TestSum;

export function formatSummary(sum: TestSum): string;
