/** A set of code points. ASCII is a table; the rest is asked of a function. */
export class CharSet {
  private readonly ascii = new Uint8Array(128);

  constructor(private readonly rest: (codePoint: number) => boolean) {
    for (let i = 0; i < 128; i += 1) this.ascii[i] = rest(i) ? 1 : 0;
  }

  has(codePoint: number): boolean {
    return codePoint < 128 ? this.ascii[codePoint] === 1 : this.rest(codePoint);
  }
}

/** A set that is decided by a native pattern for one character. */
function byPattern(source: string): CharSet {
  const pattern = new RegExp(`^${source}$`, 'u');
  const known = new Map<number, boolean>();
  return new CharSet((codePoint) => {
    let answer = known.get(codePoint);
    if (answer === undefined) {
      answer = pattern.test(String.fromCodePoint(codePoint));
      if (known.size > 4096) known.clear();
      known.set(codePoint, answer);
    }
    return answer;
  });
}

const sets = new Map<string, CharSet>();

function named(source: string): CharSet {
  let set = sets.get(source);
  if (set === undefined) {
    set = byPattern(source);
    sets.set(source, set);
  }
  return set;
}

/** The classes that Oniguruma knows in Unicode, as native patterns for one character. */
const classes: Readonly<Record<string, string>> = {
  digit: '\\p{Nd}',
  word: '[\\p{L}\\p{M}\\p{Nd}\\p{Pc}]',
  space: '\\p{White_Space}',
  hex: '[0-9a-fA-F]',
  xdigit: '[0-9a-fA-F]',
  alpha: '\\p{Alphabetic}',
  alnum: '[\\p{Alphabetic}\\p{Nd}]',
  upper: '\\p{Uppercase}',
  lower: '\\p{Lowercase}',
  punct: '[\\p{P}\\p{S}]',
  cntrl: '[\\p{Cc}]',
  blank: '[\\p{Zs}\\t]',
  graph: '[^\\p{White_Space}\\p{Cc}\\p{Cs}\\p{Cn}]',
  print: '[\\p{Zs}[^\\p{White_Space}\\p{Cc}\\p{Cs}\\p{Cn}]]',
  ascii: '[\\0-\\x7f]',
};

/** The set of a class name (`digit`, `alpha`), or undefined. */
export function classSet(name: string): CharSet | undefined {
  if (name === 'print') {
    const graph = named(classes['graph'] as string);
    const blank = named('\\p{Zs}');
    return new CharSet((c) => graph.has(c) || blank.has(c));
  }
  const source = Object.hasOwn(classes, name) ? classes[name] : undefined;
  return source === undefined ? undefined : named(source);
}

/** The set of a Unicode property, or undefined where there is none of that name. */
export function propertySet(name: string): CharSet | undefined {
  const plain = name.replace(/[\s_-]/g, '').toLowerCase();
  if (plain === 'any') return new CharSet(() => true);
  const known = classSet(plain);
  if (known !== undefined) return known;
  for (const spelled of [name, `Script=${name}`]) {
    try {
      return named(`\\p{${spelled}}`);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return undefined;
}

/** The forms of a letter in other cases, itself included. */
export function caseForms(codePoint: number): readonly number[] {
  const text = String.fromCodePoint(codePoint);
  const lower = text.toLowerCase();
  const upper = text.toUpperCase();
  const forms = new Set([codePoint]);
  for (const form of [lower, upper, upper.toLowerCase(), lower.toUpperCase()]) {
    const first = form.codePointAt(0) as number;
    if (form.length === (first > 0xffff ? 2 : 1)) forms.add(first);
  }
  // Signs whose lower case is a letter of its own: Kelvin, Ångström, long s.
  if (codePoint === 0x6b) forms.add(0x212a);
  if (codePoint === 0xe5) forms.add(0x212b);
  if (codePoint === 0x73 || codePoint === 0x53) forms.add(0x17f);
  return [...forms];
}

/** The set with all cases of its members. */
export function ignoringCase(set: CharSet): CharSet {
  return new CharSet((codePoint) => caseForms(codePoint).some((form) => set.has(form)));
}
