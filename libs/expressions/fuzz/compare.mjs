// Compares our answer to a case with the oracle's.

/** Libraries of mathematics differ in the last digits; here numbers in texts have twelve. */
const rounded = (text) =>
  text.replace(/-?\d+\.\d{12,}(?:e[+-]?\d+)?/g, (digits) =>
    String(Number(Number(digits).toPrecision(12))),
  );

/** Whether two values are the same JSON; numbers may differ in the last digits. */
function same(a, b) {
  if (typeof a === 'number' && typeof b === 'number') {
    return a === b || Math.abs(a - b) <= 1e-14 * Math.max(Math.abs(a), Math.abs(b));
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((value, i) => same(value, b[i]));
  }
  if (a !== null && b !== null && typeof a === 'object' && typeof b === 'object') {
    const keys = Object.keys(a);
    // The order of keys counts, but JavaScript puts those that look like indices first.
    const others = Object.keys(b);
    // Keys made of numbers may differ in their last digits, too.
    const isMeant = keys.every(
      (key, i) => key === others[i] || rounded(key) === rounded(others[i] ?? ''),
    );
    if (keys.length === others.length && isMeant) {
      return keys.every((key, i) => same(a[key], b[others[i]]));
    }
    return (
      keys.length === others.length &&
      keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key])) &&
      (keys.some((key) => /^\d+$/.test(key)) || keys.every((key, i) => key === others[i]))
    );
  }
  if (typeof a === 'string' && typeof b === 'string') return rounded(a) === rounded(b);
  return a === b;
}

/** Our answer, in the oracle's form. */
export function ourAnswer({ compileExpression, ExpressionSyntaxError }, { program, input }) {
  let expression;
  try {
    expression = compileExpression(program);
  } catch (error) {
    if (!(error instanceof ExpressionSyntaxError)) throw error;
    return { compiles: false, message: error.message };
  }
  const { outputs, error } = expression.collect(input);
  if (error === undefined) return { compiles: true, outputs };
  const { value } = error;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return { compiles: true, outputs, error: text, limit: error.limit };
}

function sameError(ours, theirs) {
  if (rounded(ours) === rounded(theirs)) return true;
  // Errors that are no strings come as text, in the form of the language that printed them.
  try {
    return same(JSON.parse(ours), JSON.parse(theirs));
  } catch {
    return false;
  }
}

/** undefined: the answers agree; else what differs. */
export function difference(ours, theirs) {
  if (ours.compiles !== theirs.compiles) return 'compiles';
  if (!ours.compiles) return undefined;
  if (!same(ours.outputs, theirs.outputs)) return 'outputs';
  if ((ours.error === undefined) !== (theirs.error === undefined)) return 'error';
  if (ours.error !== undefined && !sameError(ours.error, theirs.error)) return 'message';
  return undefined;
}
