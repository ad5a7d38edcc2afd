import { declaredMetrics } from './metrics';
import { watchLoop } from './loop-hold';

describe('watchLoop', () => {
  it('declares its metric and can be ended, with and without an SDK', () => {
    const end = watchLoop();
    expect(declaredMetrics()).toContainEqual(
      expect.objectContaining({ name: 'easyflow.loop.hold', kind: 'gauge', unit: 's' }),
    );
    expect(end).not.toThrow();
  });
});
