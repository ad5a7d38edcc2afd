// Twelve typical expressions, each with its input.

const people = Array.from({ length: 1000 }, (_, i) => ({
  id: i,
  name: `person ${i}`,
  age: (i * 37) % 90,
  team: `team ${i % 10}`,
  tags: ['a', 'b', `t${i % 7}`],
}));

const order = {
  id: 42,
  customer: { name: 'Ada', address: { city: 'London', zip: 'N1' } },
  items: [
    { sku: 'a', price: 3, count: 2 },
    { sku: 'b', price: 5, count: 1 },
    { sku: 'c', price: 8, count: 4 },
  ],
  at: 1425599621,
  note: 'call 555-1234 or 555-9876',
};

const nested = Array.from({ length: 30 }, (_, i) =>
  Array.from({ length: 30 }, (__, j) => ({ value: i * j })),
);

export const cases = [
  { name: 'field access', program: '.customer.address.city', input: order },
  {
    name: 'object construction',
    program: '{id, city: .customer.address.city, first: .items[0].sku}',
    input: order,
  },
  { name: 'filter of 1,000', program: 'map(select(.age > 50 and .id % 2 == 0))', input: people },
  {
    name: 'group_by',
    program: 'group_by(.team) | map({team: .[0].team, n: length})',
    input: people,
  },
  {
    name: 'string building',
    program: '"\\(.customer.name) of \\(.customer.address.city): \\(.items | length) items"',
    input: order,
  },
  { name: 'sub with a pattern', program: '.note | sub("[0-9]+-[0-9]+"; "***")', input: order },
  { name: 'date formatting', program: '.at | todate', input: order },
  {
    name: 'reduce',
    program: 'reduce .items[] as $i (0; . + $i.price * $i.count)',
    input: order,
  },
  { name: 'path update', program: '.items[].price |= . * 2', input: order },
  {
    name: 'to/from entries',
    program: '.customer.address | with_entries(.key |= "x_" + .)',
    input: order,
  },
  { name: 'nested map', program: 'map(map(.value + 1))', input: nested },
  { name: 'recursive descent', program: '[.. | numbers] | add', input: order },
];
