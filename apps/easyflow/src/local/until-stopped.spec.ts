import { Progress } from './progress';
import { untilStopped } from './until-stopped';

describe('untilStopped', () => {
  const said: string[] = [];
  const progress = Object.assign(new Progress(), { say: (line: string) => said.push(line) });
  beforeEach(() => said.splice(0));
  afterEach(() => {
    process.exitCode = undefined;
  });

  it('stops what it has started, and says that it was interrupted', async () => {
    let closed = false;
    await untilStopped(progress, () => {
      setImmediate(() => {
        process.emit('SIGINT', 'SIGINT');
        process.emit('SIGINT', 'SIGINT');
      });
      return Promise.resolve({ close: () => Promise.resolve(void (closed = true)) });
    });
    expect([closed, process.exitCode, said.at(-1)]).toEqual([true, 130, 'stopped']);
  });

  it('is interrupted, not broken, when the interrupt ends the start', async () => {
    await untilStopped(progress, () => {
      process.emit('SIGINT', 'SIGINT');
      return Promise.reject(new Error('a part of it was ended'));
    });
    expect([process.exitCode, said.at(-1)]).toEqual([130, 'stopped']);
  });

  it('tells why it could not start', async () => {
    const broken = untilStopped(progress, () => Promise.reject(new Error('broken')));
    await expect(broken).rejects.toThrow('broken');
    expect(process.exitCode).toBeUndefined();
  });

  it('tells why it cannot go on, and closes what there is', async () => {
    const exit = jest.spyOn(global, 'setTimeout');
    let closed = false;
    const failing = untilStopped(progress, () =>
      Promise.resolve({
        failed: Promise.resolve(new Error('the database is gone')),
        close: () => Promise.resolve(void (closed = true)),
      }),
    );
    await expect(failing).rejects.toThrow('the database is gone');
    expect(closed).toBe(true);
    // The end of the process, should anything keep it.
    for (const { value } of exit.mock.results) clearTimeout(value as NodeJS.Timeout);
    exit.mockRestore();
  });
});
