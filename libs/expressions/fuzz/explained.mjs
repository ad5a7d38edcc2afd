// Differences from the real jq that are known and meant, each with its reason.

const mentions = (answer, text) => JSON.stringify(answer).includes(text);

const negativeZero = /(?<![\d.eE])-0(?![\d.])/;

/** A text in which there is no negative zero. */
const positive = (answer) => JSON.stringify(answer).replace(/-0(?![\d.])/g, '0');
const isLost = (answer) => answer.error?.startsWith('Invalid path expression') === true;

/** A text in which all numbers are written alike. */
const decimals = (answer) =>
  JSON.stringify(answer).replace(/\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (digits) =>
    String(Number(digits)),
  );

/** A text in which all numbers have 12 digits. */
const rounded = (answer) =>
  JSON.stringify(answer).replace(/\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (digits) =>
    Number(digits).toPrecision(12),
  );

/** A number where a path is due. */
const assignsToNumber = /(?<![\w.$"])\d+(?:\.\d+)?\s*(?:[-+*%|]|\/\/?)?=(?!=)/;

/** Runs code as a path expression. */
const followsPaths = /\b(?:path|paths|del|pick|map_values)\(|(?:[-+*%|]|\/\/?)=|[^!=<>]=[^=]/;

/** Whether an answer has these outputs, and something after them. */
const begins = (outputs, answer) =>
  Array.isArray(outputs) &&
  Array.isArray(answer.outputs) &&
  JSON.stringify(answer.outputs.slice(0, outputs.length)) === JSON.stringify(outputs) &&
  (answer.error !== undefined || answer.outputs.length > outputs.length);

/** The program without the limit around it. */
const inner = (test) => test.program.slice('limit('.length);
const endsEarly =
  /\b(?:isempty|first|any|all|nth|IN|label|limit|walk|map_values)\b|(?:[-+*%|]|\/\/?)=/;

/** Builtins that jq itself writes in jq, and that lead somewhere in a path expression by chance. */
const writtenInJq =
  /\b(?:[lr]?trimstr|splits?|index|rindex|indices|ascii_(?:down|up)case|join|map_values|[a-z_]+_by|unique|tojson|todate|walk|with_entries|from_entries|g?sub|ascii)\b|(?:[-+*%|]|\/\/?)=/;

const reasons = [
  {
    reason: 'labels are numbered, and builtins written in jq use up numbers',
    applies: (_, ours, theirs) => mentions(ours, '__jq') && mentions(theirs, '__jq'),
  },
  {
    reason: 'a match is given up after a tenth of the retries that Oniguruma allows',
    applies: (_, ours) => mentions(ours, 'retry-limit-in-match'),
  },
  {
    reason: 'recursion that is no tail call ends some thousands of calls deep',
    applies: (_, ours) => mentions(ours, 'recursed too deeply'),
  },
  {
    reason: 'after an empty match jq may find something between the bytes of one character',
    applies: (test) =>
      /\b(?:test|match|capture|scan|splits?|g?sub)\(/.test(test.program) &&
      /[^\0-\x7f]/.test(JSON.stringify(test)) &&
      /\\[bBWSDHXRP]|\[\^|\./.test(test.program),
  },
  {
    reason: '?// also catches the break by which builtins written in jq end their argument',
    applies: (test, ours) =>
      test.program.includes('?//') && (ours.outputs?.length === 25 || endsEarly.test(inner(test))),
  },
  {
    reason: 'the oracle keeps literals as decimals, where minus zero is zero',
    applies: (_, ours, theirs) =>
      positive(ours) === positive(theirs) ||
      (negativeZero.test(JSON.stringify(ours)) && !negativeZero.test(JSON.stringify(theirs))),
  },
  {
    reason: 'the oracle keeps literals as decimals, which are never the number of the input',
    applies: (_, __, theirs) =>
      /^Invalid path expression with result -?\d/.test(theirs.error ?? ''),
  },
  {
    reason: 'the oracle keeps literals as decimals, which are never the input, and a ? hides that',
    applies: (test, ours, theirs) =>
      theirs.error === undefined &&
      /\?(?!\/\/)|\btry\b/.test(test.program) &&
      followsPaths.test(test.program) &&
      /\d/.test(JSON.stringify(test.input)) &&
      begins(theirs.outputs, ours),
  },
  {
    reason:
      'the oracle keeps literals as decimals, which are never the input, and a catch hides that',
    applies: ({ program }, _, theirs) =>
      theirs.error === undefined && /\bcatch\b/.test(program) && assignsToNumber.test(program),
  },
  {
    reason:
      'exp10 and the gamma functions of the oracle are off by the last digits, which base64 hides',
    applies: ({ program }, ours, theirs) =>
      /exp10|gamma/.test(program) &&
      (rounded(ours) === rounded(theirs) || program.includes('@base64')),
  },
  {
    reason: 'the oracle keeps literals as decimals, and shows them as they were written',
    applies: (_, ours, theirs) => decimals(ours) === decimals(theirs),
  },
  {
    reason: 'texts are one and the same here where they read the same',
    applies: (_, ours, theirs) =>
      !isLost(ours) && theirs.error?.startsWith('Invalid path expression with result "') === true,
  },
  {
    reason: 'keys that look like array indices come first in JavaScript',
    applies: (_, ours, theirs) => /\\"\d+\\":/.test(JSON.stringify([ours, theirs])),
  },
  {
    reason: 'a path expression ends in an error: jq says what it tried within a builtin',
    applies: (_, ours, theirs) =>
      isLost(ours) &&
      isLost(theirs) &&
      JSON.stringify(ours.outputs) === JSON.stringify(theirs.outputs),
  },
  {
    reason:
      'builtins written in jq lead to a place in a path expression by chance, or leave it earlier',
    applies: (test, ours, theirs) =>
      writtenInJq.test(test.program) &&
      (isLost(ours) ||
        isLost(theirs) ||
        mentions(theirs, 'next') ||
        // A part of the input, which here is no path but reads the same as the input.
        theirs.error === 'Cannot delete fields from string' ||
        mentions(theirs, 'A slice of an array')),
  },
];

/** Why an answer differs; undefined: nobody knows. */
export function explanation(test, ours, theirs) {
  return reasons.find(({ applies }) => applies(test, ours, theirs))?.reason;
}
