/** A task each of set, switch, set: pure, so that the road is measured and not the flow. */
const flow = `document:
  dsl: '1.0.0'
  namespace: bench
  name: road
  version: '1.0.0'
do:
  - price:
      set:
        order: \${ .order }
        total: \${ .price * .count }
  - size:
      switch:
        - large:
            when: .total > 100
            then: end
        - small:
            then: finish
  - finish:
      set:
        order: \${ .order }
        total: \${ .total }
        size: small
`;

/** What every generator sends. */
export const target = {
  path: '/v1/flows/bench/road/executions',
  body: JSON.stringify({ input: { order: '4711', price: 12, count: 3 } }),
};

async function post(url, key, type, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': type },
    body,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${url} was answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** Applies the flow and runs it once. */
export async function prepareTenant(info, key) {
  await post(`${info.url}/v1/flows`, key, 'application/yaml', flow);
  const start = await fetch(`${info.url}${target.path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      prefer: 'wait=20',
    },
    body: target.body,
  });
  const answer = await start.json();
  if (answer.status !== 'completed' || answer.output?.total !== 36) {
    throw new Error(`the flow of the bench did not complete: ${JSON.stringify(answer)}`);
  }
}

/** New tenants with the flow applied; answers their API keys. */
export async function createTenants(info, count, limits) {
  const keys = [];
  const one = async (index) => {
    const body = JSON.stringify({ name: `bench ${index}`, ...(limits ? { limits } : {}) });
    const tenant = await post(
      `${info.url}/v1/admin/tenants`,
      info.adminKey,
      'application/json',
      body,
    );
    await prepareTenant(info, tenant.apiKey);
    keys.push(tenant.apiKey);
  };
  // Four at a time: a new tenant is a password hash and topics.
  for (let from = 0; from < count; from += 4) {
    const group = Array.from({ length: Math.min(4, count - from) }, (_, index) => from + index);
    await Promise.all(group.map(one));
  }
  return keys;
}
