import { requestHash } from './start-request';

const flow = { namespace: 'shop', name: 'order' };

describe('requestHash', () => {
  it('is equal for equal requests, however they are written', () => {
    expect(requestHash(flow, { input: { a: 1, b: [2] }, mode: 'eco' })).toEqual(
      requestHash({ name: 'order', namespace: 'shop' }, { mode: 'eco', input: { b: [2], a: 1 } }),
    );
  });

  it('takes the alias without its flow for the same', () => {
    expect(requestHash(flow, { input: 1, flow: undefined })).toEqual(
      requestHash(flow, { input: 1 }),
    );
  });

  it('tells flows and bodies apart', () => {
    const hashes = [
      requestHash(flow, {}),
      requestHash(flow, { input: {} }),
      requestHash(flow, { input: null }),
      requestHash({ namespace: 'shop', name: 'orders' }, {}),
      requestHash(flow, { mode: 'eco' }),
    ].map((hash) => hash.toString('hex'));
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
