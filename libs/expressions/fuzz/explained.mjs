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

/** Why an answer differs; undefined: nobody knows. */
export function explanation(test, ours, theirs) {
  return reasons.find(({ applies }) => applies(test, ours, theirs))?.reason;
}
