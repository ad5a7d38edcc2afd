import { MetricRecorder } from '@easyflow/testing';
import { counter, declaredMetrics, gauge, histogram } from './metrics';

// Declared before there is an SDK, as modules do.
const eaten = counter({
  name: 'test.eaten',
  unit: '{apple}',
  description: 'Apples eaten',
  attributes: ['colour'],
});
const plain = counter({ name: 'test.plain', unit: '{thing}', description: 'Things' });
const took = histogram({ name: 'test.took', unit: 's', description: 'A duration' });
const held = gauge({ name: 'test.held', unit: '{thing}', description: 'Things held' });

describe('a declared metric', () => {
  let recorder: MetricRecorder;
  const read = () => recorder.read();

  beforeAll(async () => (recorder = await MetricRecorder.start()));
  afterAll(() => recorder.stop());

  it('counts a batch by the values of its attribute', async () => {
    eaten.addEach('colour', ['red', 'green', 'red']);
    eaten.add(3, { colour: 'green' });
    plain.add(0);
    const found = await read();
    expect(
      found.get('test.eaten')?.dataPoints.map(({ attributes, value }) => [attributes, value]),
    ).toEqual([
      [{ colour: 'red' }, 2],
      [{ colour: 'green' }, 4],
    ]);
    expect(found.get('test.eaten')?.descriptor).toMatchObject({
      unit: '{apple}',
      description: 'Apples eaten',
    });
    expect(found.has('test.plain')).toBe(false);
  });

  it('has boundaries for seconds', async () => {
    took.record(0.02);
    const point = (await read()).get('test.took')?.dataPoints[0]?.value;
    expect(point).toMatchObject({ count: 1, sum: 0.02 });
    expect(point).toHaveProperty('buckets.boundaries', expect.arrayContaining([0.001, 60]));
  });

  it('is observed as the sum of its parts for as long as they are', async () => {
    const forget = held.observe(() => 2);
    const forgetOther = held.observe(() => 3);
    expect((await read()).get('test.held')?.dataPoints[0]?.value).toBe(5);
    forget();
    expect((await read()).get('test.held')?.dataPoints[0]?.value).toBe(3);
    forgetOther();
    expect((await read()).get('test.held')?.dataPoints[0]?.value).toBe(0);
  });

  it('is declared when its module is loaded', () => {
    expect(declaredMetrics()).toContainEqual({
      kind: 'histogram',
      name: 'test.took',
      unit: 's',
      description: 'A duration',
    });
  });
});
