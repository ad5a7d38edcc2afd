// How the results of several Jest runs become one line.

export const noTests = { passed: 0, failed: 0, skipped: 0 };

/**
 * What one `jest --json` result adds to the sum. A suite that does not load counts as one failed test, because Jest
 * counts no test of it. With `skippedFails` a skipped test is a failed one.
 */
export function sumJestResult(result, { skippedFails, log }) {
  const skipped = result.numPendingTests + result.numTodoTests;
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  if (!skippedFails || skipped === 0) return { passed: result.numPassedTests, failed, skipped };
  for (const suite of result.testResults)
    for (const test of suite.assertionResults)
      if (['pending', 'todo', 'skipped', 'disabled'].includes(test.status))
        log(`Skipped, which counts as failed here: ${suite.name}: ${test.fullName}`);
  return { passed: result.numPassedTests, failed: failed + skipped, skipped: 0 };
}

export function formatSummary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
