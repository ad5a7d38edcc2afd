import { spawn } from 'node:child_process';
import { Supervisor, type ProcessEntry, type SupervisedProcess } from './supervisor';

function sleeper(): Promise<SupervisedProcess> {
  const child = spawn('sleep', ['60']);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () =>
      resolve({
        pid: child.pid ?? -1,
        exited,
        stop: async () => {
          child.kill();
          await exited;
        },
      }),
    );
  });
}

function supervise(restart: boolean) {
  const changes: ProcessEntry[][] = [];
  let changed: () => void = () => undefined;
  const supervisor = new Supervisor({
    restart,
    say: () => undefined,
    onChange: async (processes) => {
      changes.push(processes);
      changed();
    },
  });
  const nextChange = () => new Promise<void>((resolve) => (changed = resolve));
  return { supervisor, changes, nextChange };
}

describe('Supervisor', () => {
  it('starts again what has died, under a new pid, and says so', async () => {
    const { supervisor, changes, nextChange } = supervise(true);
    const { pid } = await supervisor.add('executor', sleeper);
    const gone = nextChange();
    process.kill(pid, 'SIGKILL');
    await gone;
    expect(changes).toEqual([[]]);
    await nextChange();
    expect(changes[1]).toEqual([{ service: 'executor', pid: expect.any(Number) }]);
    expect(supervisor.processes[0]?.pid).not.toBe(pid);
    await supervisor.stop();
  });

  it('names what it starts again as soon as that has a pid, before it is ready', async () => {
    const { supervisor, nextChange } = supervise(true);
    let ready: () => void = () => undefined;
    const slow = async (spawned: (pid: number) => void) => {
      const running = await sleeper();
      spawned(running.pid);
      if (started++ > 0) {
        await new Promise<void>((resolve) => (ready = resolve));
      }
      return running;
    };
    let started = 0;
    const { pid } = await supervisor.add('kafka', slow);
    const gone = nextChange();
    process.kill(pid, 'SIGKILL');
    await gone;
    await nextChange();
    expect(supervisor.processes).toEqual([{ service: 'kafka', pid: expect.any(Number) }]);
    expect(supervisor.processes[0]?.pid).not.toBe(pid);
    const known = nextChange();
    ready();
    await known;
    await supervisor.stop();
    expect(supervisor.processes).toEqual([]);
  });

  it('leaves it dead when asked to', async () => {
    const { supervisor, nextChange } = supervise(false);
    const { pid } = await supervisor.add('kafka', sleeper);
    await supervisor.add('redis', sleeper);
    const gone = nextChange();
    process.kill(pid, 'SIGKILL');
    await gone;
    await supervisor.stop();
    expect(supervisor.processes.map(({ service }) => service)).not.toContain('kafka');
  });

  it('stops everything, last started first, and starts nothing again', async () => {
    const { supervisor } = supervise(true);
    const order: string[] = [];
    for (const service of ['postgres', 'gateway']) {
      const running = await supervisor.add(service, sleeper);
      void running.exited.then(() => order.push(service));
    }
    await supervisor.stop();
    expect(order).toEqual(['gateway', 'postgres']);
    expect(supervisor.processes).toEqual([]);
  });
});
