import { expectLinearTime } from '@easyflow/testing';
import { preferredWait } from './prefer';

describe('preferredWait', () => {
  it.each([
    ['wait=10', 10],
    ['WAIT=10', 10],
    ['wait="7"', 7],
    ['respond-async, wait=5', 5],
    ['wait = 5; foo=bar', 5],
    ['wait=0', 0],
    ['wait=60', 60],
    ['wait=61', 60],
    ['wait=999999999', 60],
    ['wait=99999999999999999999', 60],
    ['wait=0000000000005', 5],
    ['wait=1, wait=2', 1],
    ['foo="a, wait=1", wait=5', 5],
    ['foo="\\", wait=1", wait=5', 5],
    ['foo="x, wait=1"; bar="y; wait=2", wait=5', 5],
    ['wait-for=1, wait=5', 5],
    [', ,wait=5,', 5],
  ])('%s waits %d s', (header, seconds) => expect(preferredWait(header)).toBe(seconds));

  it.each([
    [undefined],
    [''],
    ['respond-async'],
    ['wait'],
    ['wait='],
    ['wait=abc'],
    ['wait=-1'],
    ['wait=1.5'],
    ['wait=1e3'],
    ['wait="5'],
    ['waiting=5'],
    ['foo="a, wait=5, b"'],
    ['foo="a, wait=5'],
  ])('ignores %s', (header) => expect(preferredWait(header)).toBeUndefined());

  it.each([['\\"'], ['"\\"'], [','], [' '], ['a"'], ['wait '], ['wait=" ']])(
    'reads a header of many %j in linear time',
    (part) =>
      expectLinearTime(
        (size) => `a="${part.repeat(size / part.length)}\\`,
        (header) => void preferredWait(header),
      ),
  );
});
