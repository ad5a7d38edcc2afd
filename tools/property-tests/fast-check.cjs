// Stands for `fast-check` in every spec (moduleNameMapper in jest.config.cjs): the one place from which property tests
// take their seed and their number of runs. EASYFLOW_TEST_SEED repeats a run, EASYFLOW_TEST_RUNS multiplies the number of
// runs, EASYFLOW_TEST_SEEDS_FILE keeps the seeds, a line a suite. Without them each suite draws a seed of its own.
const { appendFileSync } = require('node:fs');
const path = require('node:path');

// By its path: its name leads here.
const fastCheck = require(
  path.join(__dirname, '../../node_modules/fast-check/lib/cjs/fast-check.js'),
);
const { propertySettings } = require('./settings.cjs');

const root = path.join(__dirname, '../..');
const settings = propertySettings(process.env);
let isTold = false;

function suite() {
  return path.relative(root, expect.getState().testPath ?? '');
}

function tellSeed() {
  if (isTold) return;
  isTold = true;
  const line = `property tests: seed ${settings.seed}, ${suite()}\n`;
  if (settings.tellsSeeds) process.stderr.write(line);
  if (settings.seedsFile) appendFileSync(settings.seedsFile, line);
}

function explained(error) {
  if (error instanceof Error) error.message += `\n${settings.again(suite())}`;
  return error;
}

function assert(property, parameters) {
  tellSeed();
  let result;
  try {
    result = fastCheck.assert(property, settings.parameters(parameters));
  } catch (error) {
    throw explained(error);
  }
  return result?.catch((error) => {
    throw explained(error);
  });
}

const standIn = { ...fastCheck, assert };
module.exports = { ...standIn, __esModule: true, default: standIn };
