// Deeds that take processor time within executions and documents.
import { callOf, flowOf } from './flows.mjs';

const bomb = (name, text) => ({
  [name]: { try: [{ compute: { set: { x: text } } }], catch: { as: 'error' } },
});

export const computing = [
  {
    name: 'expression-bomb',
    title: 'a loop over 45 items, each `last(range(1000000000))`',
    prepare: ({ client }) =>
      client.apply(
        flowOf('bomb', [
          {
            each: {
              for: { each: 'item', in: '${ [range(45)] }' },
              do: [bomb('try', '${ last(range(1000000000)) }')],
            },
          },
        ]),
      ),
    perform: async ({ client, memory }) => {
      memory.ids = [await client.start('bomb', {}), await client.start('bomb', {})];
    },
    end: cancelAll,
  },
  {
    name: 'many-bombs',
    title: '40 executions that sort, group and match large values',
    prepare: ({ client }) =>
      client.apply(
        flowOf('bombs', [
          bomb('sort', '${ [range(400000)] | map(tostring) | sort | group_by(.) | length }'),
          bomb('match', '${ ("a" * 20000) | [match("(a*)*b"; "g")] | length }'),
          bomb('text', '${ [range(200000)] | tojson | fromjson | tojson | length }'),
          bomb(
            'big',
            '${ reduce range(1000000) as $i ({}; .[$i % 5000 | tostring] += 1) | length }',
          ),
        ]),
      ),
    perform: async ({ client, memory, many }) => {
      memory.ids = await many(40, () => client.start('bombs', {}));
    },
    end: cancelAll,
  },
  {
    name: 'endless-string',
    title: 'an HTTP answer of 180 kB whose string does not end',
    prepare: ({ client, target }) =>
      client.apply(flowOf('endless', [{ get: callOf(target, '/endless-string') }])),
    perform: ({ client, repeat }) =>
      repeat(async () => {
        await client.start('endless', {}, { prefer: 'wait=5' });
      }),
  },
  {
    name: 'pumped-requests',
    title: 'bodies of 1 MB of digits and quotes, `Prefer` headers of 12 kB',
    prepare: ({ client }) => client.apply(flowOf('pumped', [{ one: { set: { x: 1 } } }])),
    perform: ({ client, repeat, many }) => {
      const digits = `{"input": {"x": ${'1'.repeat(990_000)}.}}`;
      const quotes = `{"input": {"x": "${'\\"e'.repeat(300_000)}`;
      const prefer = `wait="${'\\"'.repeat(5_900)}`;
      const path = '/v1/flows/neighbours/pumped/executions';
      return many(3, (index) =>
        repeat(() => {
          if (index === 0) return client.send('POST', path, digits);
          if (index === 1) return client.send('POST', path, quotes);
          return client.send('POST', path, {}, { prefer });
        }),
      );
    },
  },
  {
    name: 'big-documents',
    title: '14 flows of 0.7 MB started in turn',
    prepare: async ({ client, many }) => {
      const tasks = (seed) =>
        Array.from({ length: 2_500 }, (_, index) => ({
          [`task${index}`]: {
            set: {
              value: `\${ .a + ${index} | tostring | ascii_downcase + "${seed}" }`,
              pad: 'x'.repeat(120),
            },
          },
        }));
      for (let index = 0; index < 14; index += 1) {
        const { document, ...rest } = flowOf(`big${index}`, tasks(index));
        await client.apply({ document: { ...document, version: '1.0.0' }, ...rest });
      }
      await many(1, () => client.start('big0', { a: 1 }));
    },
    perform: ({ client, repeat }) =>
      repeat(async (round) => {
        await client.start(`big${round % 14}`, { a: 1 });
      }),
  },
  {
    name: 'big-applies',
    title: 'documents of 0.9 MB applied, four at a time',
    perform: ({ client, repeat, many }) =>
      many(4, (lane) =>
        repeat(async (round) => {
          const tasks = Array.from({ length: 3_000 }, (_, index) => ({
            [`t${index}`]: { set: { v: `\${ .a + ${index} }`, pad: 'y'.repeat(230) } },
          }));
          const document = flowOf(`applied${lane}`, tasks);
          document.document.version = `1.0.${round}`;
          await client.send('POST', '/v1/flows', document);
        }),
      ),
  },
];

async function cancelAll({ client, memory }) {
  await Promise.all((memory.ids ?? []).filter(Boolean).map((id) => client.cancel(id)));
}
