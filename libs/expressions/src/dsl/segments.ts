/** A part of a text: literal, or the source of an expression between `${` and `}`. */
export interface Segment {
  readonly kind: 'text' | 'expression';
  readonly text: string;
  /** Where `text` starts in the whole. */
  readonly offset: number;
}

/** The index just after a jq string that opens at `start`; the length where it never closes. */
function afterString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length) {
    if (text[i] === '"') return i + 1;
    if (text[i] === '\\') i = text[i + 1] === '(' ? afterCode(text, i + 2, ')') : i + 2;
    else i += 1;
  }
  return text.length + 1;
}

/** The index just after jq code that ends with `end`; beyond the text where it never does. */
function afterCode(text: string, start: number, end: string): number {
  let depth = 0;
  let i = start;
  while (i < text.length) {
    const character = text[i] as string;
    if (character === '"') i = afterString(text, i);
    else if (character === '#') i = afterComment(text, i);
    else {
      i += 1;
      if (depth === 0 && character === end) return i;
      if ('([{'.includes(character)) depth += 1;
      else if (')]}'.includes(character)) depth -= 1;
    }
  }
  return text.length + 1;
}

function afterComment(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}

/**
 * Splits a text at its expressions. Braces and strings within an expression are jq's. An
 * expression that is never closed reaches to the end and is marked by `unterminated`.
 */
export function segmentsOf(text: string): {
  readonly segments: readonly Segment[];
  readonly unterminated: number | undefined;
} {
  const segments: Segment[] = [];
  let from = 0;
  for (;;) {
    const start = text.indexOf('${', from);
    if (start < 0) break;
    const end = afterCode(text, start + 2, '}');
    if (end > text.length) return { segments, unterminated: start };
    if (start > from) {
      segments.push({ kind: 'text', text: text.slice(from, start), offset: from });
    }
    const source = text.slice(start + 2, end - 1);
    segments.push({ kind: 'expression', text: source, offset: start + 2 });
    from = end;
  }
  if (from < text.length || text === '') {
    segments.push({ kind: 'text', text: text.slice(from), offset: from });
  }
  return { segments, unterminated: undefined };
}

/** The only expression of a text that is nothing else, but for white space around it. */
export function wholeExpression(text: string): Segment | undefined {
  const { segments, unterminated } = segmentsOf(text);
  if (unterminated !== undefined) return undefined;
  const expressions = segments.filter(({ kind }) => kind === 'expression');
  const isBare = segments.every((part) => part.kind === 'expression' || part.text.trim() === '');
  return expressions.length === 1 && isBare ? expressions[0] : undefined;
}
