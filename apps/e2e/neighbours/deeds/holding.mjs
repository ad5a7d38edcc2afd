// Deeds that hold slots, connections, rows and bytes.
import { callOf, flowOf } from './flows.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function startMany({ client, memory, signal }, name, count, input) {
  memory.ids = [];
  for (let started = 0; started < count && !signal.aborted; started += 50) {
    const group = Array.from({ length: Math.min(50, count - started) }, () =>
      client.start(name, input),
    );
    memory.ids.push(...(await Promise.all(group)));
  }
}

export const holding = [
  {
    name: 'hanging-calls',
    title: '2,500 calls that hang',
    prepare: ({ client, target }) =>
      client.apply(flowOf('hanging', [{ hang: callOf(target, '/hang') }])),
    perform: (context) => startMany(context, 'hanging', context.scale === 'long' ? 2_500 : 600, {}),
    end: async ({ client, memory }) => {
      for (let from = 0; from < memory.ids.length; from += 50) {
        await Promise.all(
          memory.ids
            .slice(from, from + 50)
            .filter(Boolean)
            .map((id) => client.cancel(id)),
        );
      }
    },
  },
  {
    name: 'large-state',
    title: 'a loop of 150 calls over 0.87 MB of input, four times',
    prepare: ({ client, target }) =>
      client.apply(
        flowOf('large', [
          {
            each: {
              for: { each: 'item', in: '${ .items[:150] }' },
              do: [{ call: callOf(target, '/ok', { body: { item: '${ $item }' } }) }],
            },
          },
        ]),
      ),
    perform: async ({ client, memory, many }) => {
      const items = Array.from({ length: 870 }, (_, index) => ({ index, pad: 'z'.repeat(980) }));
      memory.ids = await many(4, () => client.start('large', { items }));
    },
    end: async ({ client, memory }) => {
      await Promise.all(memory.ids.filter(Boolean).map((id) => client.cancel(id)));
    },
  },
  {
    name: 'fast-schedule',
    title: 'a schedule of a millisecond',
    perform: async ({ client, memory }) => {
      // A release that refuses it has no such neighbour.
      memory.answer = await client.send(
        'POST',
        '/v1/flows',
        flowOf('ticking', [{ one: { set: { x: 1 } } }], {
          schedule: { every: { milliseconds: 1 } },
        }),
      );
    },
    end: async ({ client }) => {
      const document = flowOf('ticking', [{ one: { set: { x: 1 } } }]);
      document.document.version = '1.0.1';
      await client.send('POST', '/v1/flows', document);
    },
  },
  {
    name: 'self-starting',
    title: 'a flow that starts itself twice, detached, 13 levels deep',
    prepare: ({ client }) => {
      const again = {
        run: {
          workflow: {
            namespace: 'neighbours',
            name: 'doubling',
            version: '1.0.0',
            input: { depth: '${ .depth - 1 }' },
          },
          await: false,
        },
      };
      return client.apply(
        flowOf('doubling', [
          { one: { if: '.depth > 0', ...again } },
          { two: { if: '.depth > 0', ...again } },
        ]),
      );
    },
    perform: ({ client }) => client.start('doubling', { depth: 13 }),
  },
  {
    name: 'flood',
    title: 'starts as fast as 64 connections send them',
    prepare: ({ client }) => client.apply(flowOf('flood', [{ one: { set: { x: 1 } } }])),
    perform: ({ client, repeat, many }) =>
      many(64, () => repeat(() => client.start('flood', { x: 1 }))),
  },
  {
    name: 'long-history',
    title: 'the history of a long loop, eight readers',
    prepare: async ({ client, memory, scale }) => {
      const rounds = scale === 'long' ? 100_000 : 20_000;
      await client.apply(
        flowOf('rounds', [
          {
            each: {
              for: { each: 'item', in: `\${ [range(${rounds})] }` },
              do: [{ one: { set: { x: '${ $item }' } } }],
            },
          },
        ]),
      );
      memory.id = await client.start('rounds', {});
      for (;;) {
        const { text } = await client.send('GET', `/v1/executions/${memory.id}`);
        if (JSON.parse(text).endedAt) return;
        await pause(250);
      }
    },
    perform: ({ client, memory, repeat, many }) =>
      many(8, () => repeat(() => client.send('GET', `/v1/executions/${memory.id}/history`))),
  },
];
