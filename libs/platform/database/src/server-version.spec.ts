import { scramVerifier, verifierMatches } from './scram-verifier';
import { assertSafeServer } from './server-version';

describe('assertSafeServer', () => {
  it.each([140_020, 150_013, 160_009, 170_005])('refuses %i', (version) => {
    expect(() => assertSafeServer(version)).toThrow(/not supported/);
  });

  it.each([150_014, 160_010, 170_006, 180_000, 190_001])('accepts %i', (version) => {
    expect(() => assertSafeServer(version)).not.toThrow();
  });
});

describe('scramVerifier', () => {
  it('is recognised for its password and no other', () => {
    const verifier = scramVerifier('secret');
    expect(verifier).toMatch(/^SCRAM-SHA-256\$4096:[^$]+\$[^:]+:.+$/);
    expect(verifierMatches(verifier, 'secret')).toBe(true);
    expect(verifierMatches(verifier, 'Secret')).toBe(false);
    expect(verifierMatches(null, 'secret')).toBe(false);
    expect(verifierMatches('md5abc', 'secret')).toBe(false);
  });
});
