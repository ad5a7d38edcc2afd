import { LocalServerError } from '@easyflow/platform-local-servers';
import { waitUntilReady } from './service-process';

describe('waitUntilReady', () => {
  const command = {
    service: 'executor',
    entry: 'main.js',
    imports: [],
    env: {},
    url: 'http://127.0.0.1:9',
    logFile: 'executor-0.log',
  };
  const running = (exited: Promise<unknown>) => ({
    pid: 1,
    exited,
    stop: () => Promise.resolve(),
  });

  it('tells where to look when the service ends or is not ready in time', async () => {
    const ended = waitUntilReady(command, running(Promise.resolve()), 60_000);
    await expect(ended).rejects.toBeInstanceOf(LocalServerError);
    await expect(ended).rejects.toThrow(/executor ended .*\n.*executor-0\.log/s);
    const late = waitUntilReady(command, running(new Promise(() => undefined)), 0);
    await expect(late).rejects.toBeInstanceOf(LocalServerError);
    await expect(late).rejects.toThrow(/not ready .*\n.*executor-0\.log/s);
  });
});
