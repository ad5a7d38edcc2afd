import { parse } from 'yaml';
import {
  compileFlow,
  parseDocument,
  type HistoryItem,
  type Json,
  type Signal,
} from '@easyflow/engine';
import type { HttpCaller } from '@easyflow/platform-http';
import { FlowShelf } from '../flow-shelf';
import { MemoryRunner, type Outcome } from '../memory-runner';
import type { Scenario, Step } from './feature.test';

/** What a scenario has set up and what came of it. */
class World {
  definition = '';
  input: Json = {};
  outcome: Outcome = { status: 'running' };
  history: HistoryItem[] = [];

  constructor(private readonly caller: HttpCaller) {}

  async execute(): Promise<void> {
    const program = compileFlow(parseDocument(this.definition, 'application/yaml'));
    const runner = new MemoryRunner({
      flows: new FlowShelf([program]),
      call: (effect, signal): Promise<Signal> =>
        this.caller.perform(effect, { tenantId: 'ctk', signal }),
      onHistory: (_, items) => this.history.push(...items),
    });
    this.outcome = await runner.start(program, this.input).ended;
  }

  /** Names of the tasks in the order in which they first ran. */
  order(): string[] {
    const started = this.history.filter(({ type }) => type === 'taskStarted');
    return [...new Set(started.map(({ task }) => task?.split('/').at(-1) ?? ''))];
  }

  property(path: string): Json | undefined {
    return path
      .split('.')
      .reduce<Json | undefined>(
        (value, key) =>
          typeof value === 'object' &&
          value !== null &&
          !Array.isArray(value) &&
          Object.hasOwn(value, key)
            ? value[key]
            : undefined,
        this.outcome.output,
      );
  }
}

type Act = (world: World, match: RegExpExecArray, block: Json) => void | Promise<void>;

/** The steps of the conformance test kit's README that its features use. */
const STEPS: readonly [RegExp, Act][] = [
  [/^the workflow is executed$/, (world) => world.execute()],
  [
    /^the workflow should (complete|fault|cancel)$/,
    (world, [, what]) => {
      expect(world.outcome.status).toBe(
        { complete: 'completed', fault: 'faulted', cancel: 'cancelled' }[what ?? ''],
      );
    },
  ],
  [
    /^the workflow should complete with output:$/,
    (world, _, block) => {
      expect(world.outcome).toEqual({ status: 'completed', output: block });
    },
  ],
  [
    /^the workflow should fault with error:$/,
    (world, _, block) => {
      expect(world.outcome).toEqual({ status: 'faulted', error: block });
    },
  ],
  [
    /^the workflow output should have properties (.*)$/,
    (world, [, list]) => {
      for (const path of (list ?? '').matchAll(/'([^']+)'/g)) {
        expect({ path: path[1], value: world.property(path[1] ?? '') }).toEqual({
          path: path[1],
          value: expect.anything() as unknown,
        });
      }
    },
  ],
  [
    /^the workflow output should have a '([^']+)' property with value:$/,
    (world, [, path], block) => {
      expect(world.property(path ?? '')).toEqual(block);
    },
  ],
  [
    /^the workflow output should have a '([^']+)' property containing (\d+) items$/,
    (world, [, path, count]) => {
      expect(world.property(path ?? '')).toHaveLength(Number(count));
    },
  ],
  [
    /^(\S+) should run (first|last)$/,
    (world, [, task, place]) => {
      expect(world.order().at(place === 'first' ? 0 : -1)).toBe(task);
    },
  ],
  [
    /^(\S+) should run (before|after) (\S+)$/,
    (world, [, task, how, other]) => {
      const order = world.order();
      const [earlier, later] = how === 'before' ? [task, other] : [other, task];
      expect(order).toEqual(expect.arrayContaining([earlier, later]));
      expect(order.indexOf(earlier ?? '')).toBeLessThan(order.indexOf(later ?? ''));
    },
  ],
];

/** Runs a scenario; rejects where it fails. */
export async function runScenario(scenario: Scenario, caller: HttpCaller): Promise<void> {
  const world = new World(caller);
  for (const step of scenario.steps) await runStep(world, step);
}

async function runStep(world: World, { text, block = '' }: Step): Promise<void> {
  if (text === 'a workflow with definition:') {
    world.definition = block;
    return;
  }
  if (text === 'given the workflow input is:') {
    world.input = parse(block) as Json;
    return;
  }
  for (const [pattern, act] of STEPS) {
    const match = pattern.exec(text);
    if (!match) continue;
    await act(world, match, parse(block) as Json);
    return;
  }
  throw new Error(`There is no step "${text}"`);
}
