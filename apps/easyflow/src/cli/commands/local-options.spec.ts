import { captured } from '../captured.test';

describe.each(['dev', 'services'])('easyflow %s', (command) => {
  it.each(['abc', '-1', '65536', '', '8e3'])('takes no --port %j', async (port) => {
    expect(await captured(command, '--port', port)).toEqual({
      code: 2,
      stdout: '',
      stderr: `--port ${port} is not a number from 0 to 65535.\n`,
    });
  });
});
