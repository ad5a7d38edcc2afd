import { LocalServerError } from '@easyflow/platform-local-servers';
import { KeptPostgres, type KeepablePostgres, type KeptPostgresOptions } from './kept-postgres';

/** A Postgres that the test ends. */
function postgres(pid: number): KeepablePostgres & { end: () => void; stopped: boolean } {
  const ended = Promise.withResolvers<{ code: number | null; signal: null }>();
  const made = {
    url: 'postgres://here',
    port: 5_001,
    pid,
    exited: ended.promise,
    stopped: false,
    end: () => ended.resolve({ code: 1, signal: null }),
    stop: async () => {
      made.stopped = true;
      made.end();
    },
  };
  return made;
}

async function kept(
  starts: (() => KeepablePostgres)[],
  more: Partial<KeptPostgresOptions> = {},
): Promise<{ server: KeptPostgres; ports: (number | undefined)[]; said: string[] }> {
  const ports: (number | undefined)[] = [];
  const said: string[] = [];
  const server = await KeptPostgres.start({
    start: async (port) => {
      ports.push(port);
      const next = starts.shift();
      if (!next) throw new LocalServerError('it cannot', 'do something');
      return next();
    },
    say: (line) => said.push(line),
    hasRoom: async () => true,
    pause: async () => undefined,
    ...more,
  });
  return { server, ports, said };
}

const turn = (): Promise<void> => new Promise(setImmediate);

describe('KeptPostgres', () => {
  it('is started again on its port, as often as it takes', async () => {
    const [first, second] = [postgres(1), postgres(2)];
    const fails = (): never => {
      throw new LocalServerError('not yet', 'wait');
    };
    const { server, ports, said } = await kept([() => first, fails, fails, () => second]);
    first.end();
    await turn();
    expect(ports).toEqual([undefined, 5_001, 5_001, 5_001]);
    expect(said).toEqual([
      'Postgres (pid 1) has ended; starting it again',
      'Postgres runs again (pid 2)',
    ]);
    await server.stop();
    expect(second.stopped).toBe(true);
  });

  it('is given up with the reason when it cannot start for a minute', async () => {
    let time = 0;
    const first = postgres(1);
    const pause = async (ms: number): Promise<void> => void (time += ms);
    const { server, ports } = await kept([() => first], { pause, monotonic: () => time });
    first.end();
    expect(await server.failed).toMatchObject({ message: expect.stringContaining('it cannot') });
    expect(time).toBeGreaterThan(60_000);
    expect(ports.length).toBeLessThan(60);
  });

  it('is waited for while its disk is full', async () => {
    let time = 0;
    const [first, second] = [postgres(1), postgres(2)];
    const starts = [() => first];
    const { server, said } = await kept(starts, {
      pause: async (ms) => {
        time += ms;
        if (time > 600_000 && starts.length === 0) starts.push(() => second);
        if (time % 7 === 0) await turn();
      },
      monotonic: () => time,
      hasRoom: async () => false,
    });
    first.end();
    while (!said.includes('Postgres runs again (pid 2)')) await turn();
    expect(said.filter((line) => line.includes('no room'))).toHaveLength(1);
    await server.stop();
  });

  it('is left alone once it is stopped', async () => {
    const first = postgres(1);
    const { server, ports } = await kept([() => first]);
    await server.stop();
    await turn();
    expect(ports).toHaveLength(1);
  });
});
