import { parseDatabaseUrl } from './connection-settings';

describe('parseDatabaseUrl', () => {
  it('takes the modes of TLS that there are, and never another one for none', () => {
    const modeOf = (query: string) => parseDatabaseUrl(`postgres://a:b@db/x${query}`).sslMode;
    expect(modeOf('')).toBe('disable');
    for (const mode of ['disable', 'require', 'verify-full']) {
      expect(modeOf(`?sslmode=${mode}`)).toBe(mode);
    }
    for (const mode of ['verify-ca', 'verify_full', 'prefer', '']) {
      expect(() => modeOf(`?sslmode=${mode}`)).toThrow(/sslmode/);
    }
  });
});
