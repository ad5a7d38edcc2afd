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

  it('names the nearest place around one whose name is too long to tell', () => {
    const long = 'é'.repeat(100_000);
    expect(pointerFragment(`/do/0/${long}/set/x`)).toBe('#/do/0');
    expect(pointerFragment(`/${long}`)).toBe('#');
    expect(pointerFragment(`${'/a'.repeat(1_000)}/b`)).toBe(`#${'/a'.repeat(1_000)}`);
    expect(pointerFragment('/a'.repeat(1_000))).toBe(`#${'/a'.repeat(1_000)}`);
  });
});

describe('fragmentTo', () => {
  it.each([
    [[], '#'],
    [['do', 0, 'a/b~c d'], '#/do/0/a~1b~0c%20d'],
  ])('writes %j as %s', (steps, fragment) => expect(fragmentTo(steps)).toBe(fragment));
});
