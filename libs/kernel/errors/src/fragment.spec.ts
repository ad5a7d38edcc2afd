import { fragmentTo, pointerFragment } from './fragment';

describe('pointerFragment', () => {
  // The table of RFC 6901, section 6.
  it.each([
    ['', '#'],
    ['/foo/0', '#/foo/0'],
    ['/', '#/'],
    ['/a~1b', '#/a~1b'],
    ['/c%d', '#/c%25d'],
    ['/e^f', '#/e%5Ef'],
    ['/g|h', '#/g%7Ch'],
    ['/i\\j', '#/i%5Cj'],
    ['/k"l', '#/k%22l'],
    ['/ ', '#/%20'],
    ['/m~0n', '#/m~0n'],
    ['/é#', '#/%C3%A9%23'],
    ['/\ud800', '#/%EF%BF%BD'],
  ])('writes %j as %s', (pointer, fragment) => expect(pointerFragment(pointer)).toBe(fragment));
});

describe('fragmentTo', () => {
  it.each([
    [[], '#'],
    [['do', 0, 'a/b~c d'], '#/do/0/a~1b~0c%20d'],
  ])('writes %j as %s', (steps, fragment) => expect(fragmentTo(steps)).toBe(fragment));
});
