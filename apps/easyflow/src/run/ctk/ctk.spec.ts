import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { HttpCaller } from '@easyflow/platform-http';
import { conformanceDir } from '@easyflow/testing';
import { readFeature } from './feature.test';
import { pending } from './pending.test';
import { StandIn } from './stand-in.test';
import { runScenario } from './steps.test';

const folder = path.join(conformanceDir(), 'open-workflow', 'ctk', 'features');
const scenarios = readdirSync(folder).flatMap((file) =>
  readFeature(readFileSync(path.join(folder, file), 'utf8')).map((scenario) => ({
    file,
    scenario,
  })),
);

describe("the specification's conformance test kit", () => {
  let standIn: StandIn;
  let caller: HttpCaller;

  beforeAll(async () => {
    standIn = await StandIn.start();
    const policy = { allowLoopback: false, allowPrivate: false };
    caller = new HttpCaller({ policy, dispatcher: standIn.dispatcher });
  });
  afterAll(async () => {
    await caller.close();
    await standIn.stop();
  });

  it('has scenarios, and all that are pending', () => {
    expect(scenarios.length).toBeGreaterThan(Object.keys(pending).length);
    const names = scenarios.map(({ scenario }) => scenario.name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(pending)));
  });

  for (const { file, scenario } of scenarios) {
    const reason = pending[scenario.name];
    if (reason === undefined) {
      it(`${file}: ${scenario.name}`, () => runScenario(scenario, caller));
    } else {
      it(`${file}: ${scenario.name} does not pass yet: ${reason}`, () =>
        expect(runScenario(scenario, caller)).rejects.toThrow());
    }
  }
});
