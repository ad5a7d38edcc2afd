import { freePort } from './ports';

it('no two who ask for a free port get the same one', async () => {
  const ports = await Promise.all(Array.from({ length: 500 }, () => freePort()));
  expect(new Set(ports).size).toBe(ports.length);
});
