import { tmpdir } from 'node:os';
import path from 'node:path';
import { hasRoom } from './disk-room';

describe('hasRoom', () => {
  it('says whether a disk has so many bytes left', async () => {
    expect(await hasRoom(tmpdir(), 1)).toBe(true);
    expect(await hasRoom(tmpdir(), Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  it('does not vouch for a folder that is gone', async () => {
    expect(await hasRoom(path.join(tmpdir(), 'easyflow-no-such-folder'))).toBe(false);
  });
});
