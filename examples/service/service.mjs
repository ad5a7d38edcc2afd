// A small shop that the examples call: stock, payments, shipping, sales, mail. All in memory; it forgets on exit.
//   node examples/service/service.mjs [--port 4010]
import { createServer } from 'node:http';

const rates = { EUR: 1, USD: 1.1, GBP: 0.85 };
const customers = { c1: { id: 'c1', name: 'Ada', mail: 'ada@example.com' } };
const sales = [
  { product: 'tea', amount: 12.5 },
  { product: 'cake', amount: 30 },
  { product: 'tea', amount: 7.5 },
];

/** How often a payment was asked for, by order: the first two times the payment provider is down. */
const attempts = new Map();
/** Results by Idempotency-Key: a call that is repeated with its key is answered, not done again. */
const done = new Map();
let lastId = 0;

const created = (value) => [201, { id: `${(lastId += 1)}`, ...value }];

const routes = [
  [
    'POST',
    /^\/stock\/reservations$/,
    ({ body }) =>
      body.item === 'unicorn' ? [409, { message: 'out of stock' }] : created({ item: body.item }),
  ],
  ['DELETE', /^\/stock\/reservations\/(\w+)$/, () => [204]],
  ['POST', /^\/payments$/, ({ body }) => pay(body)],
  ['POST', /^\/payments\/(\w+)\/refund$/, ({ id }) => [200, { id, refunded: true }]],
  [
    'POST',
    /^\/shipments$/,
    ({ body }) =>
      body.country === 'Atlantis'
        ? [422, { message: 'nobody ships there' }]
        : created({ carrier: 'snail' }),
  ],
  ['GET', /^\/sales$/, () => [200, sales]],
  ['POST', /^\/reports$/, ({ body }) => created(body)],
  ['POST', /^\/mails$/, ({ body }) => created({ to: body.to })],
  [
    'GET',
    /^\/customers\/(\w+)$/,
    ({ id }) => (customers[id] ? [200, customers[id]] : [404, { message: 'no such customer' }]),
  ],
  [
    'GET',
    /^\/rates\/(\w+)$/,
    ({ id }) => (rates[id] ? [200, { rate: rates[id] }] : [404, { message: 'no such currency' }]),
  ],
  ['GET', /^\/slow$/, () => undefined],
];

function pay({ order, amount }) {
  const count = (attempts.get(order) ?? 0) + 1;
  attempts.set(order, count);
  if (count % 3 !== 0) return [503, { message: 'the payment provider is down' }];
  return created({ order, amount });
}

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  const route = routes.find(([method, path]) => method === request.method && path.test(pathname));
  const parts = [];
  for await (const part of request) parts.push(part);
  const text = Buffer.concat(parts).toString();
  const key = request.headers['idempotency-key'];
  const known = request.method === 'GET' ? undefined : done.get(key);
  const result =
    known ??
    (route
      ? route[2]({ id: route[1].exec(pathname)[1], body: text ? JSON.parse(text) : {} })
      : [404, { message: 'no such place' }]);
  if (result === undefined) return; // Never answers: for examples of time limits.
  const [status, body] = result;
  if (key && status < 300) done.set(key, result);
  process.stdout.write(`${request.method} ${pathname} ${text} -> ${status}\n`);
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

const flag = process.argv.indexOf('--port');
const port = flag < 0 ? 4010 : Number(process.argv[flag + 1]);
const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    response.writeHead(400, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ message: error.message }));
  });
});
server.on('error', (error) => {
  process.stderr.write(`The example service cannot listen on port ${port}: ${error.message}\n`);
  process.exitCode = 1;
});
server.listen(port, '127.0.0.1', () => {
  process.stdout.write(
    `The example service listens on http://127.0.0.1:${server.address().port}\n`,
  );
});
