import { freePort } from './ports';

it('a free port is given away once, whenever whoever asked begins to listen', async () => {
  const ports = new Set<number>();
  for (let n = 0; n < 1_000; n += 1) ports.add(await freePort());
  expect(ports.size).toBe(1_000);
});
