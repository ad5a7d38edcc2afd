/** fast-check's own default. */
const RUNS = 100;

/** A multiplied run ends here, in milliseconds: below the time that `npm test` gives one test. */
const LONGEST = 45_000;

/** @param {Record<string, string | undefined>} environment */
function propertySettings(environment) {
  const { CI, EASYFLOW_TEST_SEED, EASYFLOW_TEST_RUNS, EASYFLOW_TEST_SEEDS_FILE } = environment;
  const seed = numberOf('EASYFLOW_TEST_SEED', EASYFLOW_TEST_SEED, Math.random() * 2 ** 31) | 0;
  const times = numberOf('EASYFLOW_TEST_RUNS', EASYFLOW_TEST_RUNS, 1);
  return {
    seed,
    tellsSeeds: CI === 'true',
    seedsFile: EASYFLOW_TEST_SEEDS_FILE,
    /** Those of a property, with the seed and the number of runs of this run of the tests. */
    parameters: ({ numRuns = RUNS, ...others } = {}) => ({
      ...others,
      seed,
      numRuns: Math.max(1, Math.round(numRuns * times)),
      ...(times > 1 && { interruptAfterTimeLimit: LONGEST }),
    }),
    /** How to see a failure again. */
    again: (suite) =>
      `Again: EASYFLOW_TEST_SEED=${seed}${times === 1 ? '' : ` EASYFLOW_TEST_RUNS=${times}`} npm test -- ${suite}`,
  };
}

function numberOf(name, text, otherwise) {
  if (text === undefined || text === '') return otherwise;
  const number = Number(text);
  if (Number.isFinite(number)) return number;
  throw new Error(`${name} must be a number, not ${JSON.stringify(text)}`);
}

module.exports = { propertySettings };
