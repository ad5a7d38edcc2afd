// Differences from the real jq that are known and meant, each with its reason.

const mentions = (answer, text) => JSON.stringify(answer).includes(text);

const usesRegex = /\b(?:test|match|capture|scan|splits?|g?sub)\(/;
const nonAscii = /[^\0-\x7f]/;

const reasons = [
  {
    reason: 'jq looks for empty matches also between the bytes of one character',
    applies: (test) => usesRegex.test(test.program) && nonAscii.test(JSON.stringify(test)),
  },
  {
    reason: 'labels are numbered, and builtins written in jq use up numbers',
    applies: (_, ours, theirs) => mentions(ours, '__jq') && mentions(theirs, '__jq'),
  },
];

/** A text in which there is no negative zero. */
const positive = (answer) => JSON.stringify(answer).replace(/-0(?![\d.])/g, '0');
const isLost = (answer) => answer.error?.startsWith('Invalid path expression') === true;

reasons.push(
  {
    reason: '?// also catches the break by which builtins written in jq end their argument',
    applies: (test) =>
      /\?\/\/.*/.test(test.program) &&
      /\b(?:isempty|first|any|all|nth|IN|label|limit)\b|\|=/.test(
        test.program.slice('limit('.length),
      ),
  },
  {
    reason: 'the oracle keeps numbers as decimals, where minus zero is zero',
    applies: (_, ours, theirs) => positive(ours) === positive(theirs),
  },
  {
    reason: 'the oracle keeps literals as decimals, which are never the number of the input',
    applies: (_, __, theirs) =>
      /^Invalid path expression with result -?\d/.test(theirs.error ?? ''),
  },
  {
    reason: 'keys that look like array indices come first in JavaScript',
    applies: (_, ours, theirs) => /\\"\d+\\":/.test(JSON.stringify([ours, theirs])),
  },
  {
    reason: 'splits gives the paths of its slices: jq builds it on slices of the input',
    applies: (test, _, theirs) => test.program.includes('path(') && mentions(theirs, 'next'),
  },
  {
    reason: 'values that are no part of the input in a path expression: jq may complain earlier',
    applies: (_, ours, theirs) =>
      isLost(ours) || (isLost(theirs) && (ours.error !== undefined || ours.outputs.length > 0)),
  },
);

/** Why an answer differs; undefined: nobody knows. */
export function explanation(test, ours, theirs) {
  return reasons.find(({ applies }) => applies(test, ours, theirs))?.reason;
}
