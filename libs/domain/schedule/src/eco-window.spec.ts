import { ecoDueAt, ecoOpen, parseEcoWindow } from './eco-window';

const at = (text: string) => Date.parse(text);

describe('an eco window', () => {
  const night = parseEcoWindow('22:00-06:00');

  it('spans midnight', () => {
    expect(ecoOpen(at('2026-05-01T21:59:59.999Z'), night)).toBe(false);
    expect(ecoOpen(at('2026-05-01T22:00:00Z'), night)).toBe(true);
    expect(ecoOpen(at('2026-05-02T05:59:59.999Z'), night)).toBe(true);
    expect(ecoOpen(at('2026-05-02T06:00:00Z'), night)).toBe(false);
  });

  it('spans the midnight of its own time zone', () => {
    const local = parseEcoWindow('22:00-06:00 Asia/Kolkata');
    expect(ecoOpen(at('2026-05-01T16:29:59.999Z'), local)).toBe(false);
    expect(ecoOpen(at('2026-05-01T16:30:00Z'), local)).toBe(true);
    expect(ecoOpen(at('2026-05-01T18:30:00Z'), local)).toBe(true);
    expect(ecoOpen(at('2026-05-02T00:29:59.999Z'), local)).toBe(true);
    expect(ecoOpen(at('2026-05-02T00:30:00Z'), local)).toBe(false);
    expect(ecoDueAt(at('2026-05-02T00:30:00Z'), local)).toBe(at('2026-05-02T16:30:00Z'));
  });

  it('is due at once inside, at the opening outside', () => {
    const inside = at('2026-05-01T23:10:00.123Z');
    expect(ecoDueAt(inside, night)).toBe(inside);
    expect(ecoDueAt(at('2026-05-01T06:00:00Z'), night)).toBe(at('2026-05-01T22:00:00Z'));
    expect(ecoDueAt(at('2026-05-01T21:59:59.500Z'), night)).toBe(at('2026-05-01T22:00:00Z'));
    const noon = parseEcoWindow('12:00-13:00');
    expect(ecoDueAt(at('2026-05-01T13:00:00Z'), noon)).toBe(at('2026-05-02T12:00:00Z'));
  });

  it.each([
    ['into summer time', '2026-03-28T12:00:00Z', '04:00', '2026-03-29T02:00:00Z'],
    ['out of summer time', '2026-10-24T12:00:00Z', '04:00', '2026-10-25T03:00:00Z'],
    ['with a skipped opening', '2026-03-28T12:00:00Z', '02:30', '2026-03-29T01:00:00Z'],
  ])('opens by the local clock %s', (_, now, opens, expected) => {
    const window = parseEcoWindow(`${opens}-05:00 Europe/Berlin`);
    expect(ecoDueAt(at(now), window)).toBe(at(expected));
  });

  it('never closes when it is always open', () => {
    expect(ecoOpen(at('2026-05-01T12:00:00Z'), parseEcoWindow('always'))).toBe(true);
  });

  it.each(['', '22-6', '24:00-06:00', '22:00-06:60', '22:00-06:00 Mars/Olympus', 'Always'])(
    'refuses %j',
    (text) => expect(() => parseEcoWindow(text)).toThrow('is not an eco window'),
  );
});
