import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { propertySettings } from './settings.cjs';

describe('the settings of property tests', () => {
  it('give every property the seed and the runs of the environment', () => {
    const settings = propertySettings({ EASYFLOW_TEST_SEED: '7', EASYFLOW_TEST_RUNS: '20' });
    expect(settings.parameters({ seed: 1, numRuns: 60, endOnFailure: true })).toEqual({
      seed: 7,
      numRuns: 1_200,
      endOnFailure: true,
      interruptAfterTimeLimit: 45_000,
    });
    expect(settings.parameters()).toMatchObject({ seed: 7, numRuns: 2_000 });
    expect(settings.again('libs/a.spec.ts')).toBe(
      'Again: EASYFLOW_TEST_SEED=7 EASYFLOW_TEST_RUNS=20 npm test -- libs/a.spec.ts',
    );
  });

  it('draw a seed where none is given, and leave the runs', () => {
    const settings = propertySettings({});
    expect(settings.parameters({ numRuns: 60 })).toEqual({ seed: settings.seed, numRuns: 60 });
    expect(settings.tellsSeeds).toBe(false);
    expect(propertySettings({ CI: 'true' }).tellsSeeds).toBe(true);
  });

  it('refuse what is no number', () => {
    expect(() => propertySettings({ EASYFLOW_TEST_SEED: 'x' })).toThrow('EASYFLOW_TEST_SEED');
  });
});

describe('a property in a spec', () => {
  const environment = process.env;

  afterEach(() => {
    process.env = environment;
    jest.resetModules();
  });

  it('runs under the seed, keeps it and says how to see a failure again', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'seeds-'));
    const file = path.join(folder, 'seeds.txt');
    process.env = { EASYFLOW_TEST_SEED: '99', EASYFLOW_TEST_SEEDS_FILE: file };
    jest.resetModules();
    const { default: again } = await import('fast-check');
    const seen: number[][] = [[], []];
    for (const list of seen) {
      again.assert(again.property(again.nat(), (value) => void list.push(value)));
    }
    expect(seen[0]).toEqual(seen[1]);
    const fails = (): unknown => again.assert(again.property(again.nat(), () => false));
    const how = /Again: EASYFLOW_TEST_SEED=99 npm test -- tools\/property-tests/;
    expect(fails).toThrow(how);
    const rejects = again.asyncProperty(again.nat(), async () => false);
    await expect(again.assert(rejects)).rejects.toThrow(how);
    expect(readFileSync(file, 'utf8')).toBe(
      'property tests: seed 99, tools/property-tests/property-tests.spec.ts\n',
    );
    await rm(folder, { recursive: true });
  });

  it('is every one: what specs import is the stand-in', () => {
    expect(fc.assert.toString()).toContain('tellSeed');
  });
});
