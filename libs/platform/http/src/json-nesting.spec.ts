import { expectLinearTime } from '@easyflow/testing';
import { contentOf } from './caller/response-content';
import { nestsDeeper } from './json-nesting';
import { parseJsonBody } from './server/json-body';

/** JSON on which a search for whole strings or numbers starts again and again. */
const PUMPED: readonly (readonly [name: string, textOf: (size: number) => string])[] = [
  ['a string of escaped quotes that does not end', (size) => `"${'\\"'.repeat(size / 2)}`],
  ['a string of backslashes that does not end', (size) => `"${'\\'.repeat(size + 1)}"`],
  ['quotes', (size) => `["${'"'.repeat(size)}`],
  ['runs of 308 digits', (size) => `[${`${'1'.repeat(308)},`.repeat(size / 309)}1]`],
  ['a number of many digits', (size) => '9'.repeat(size)],
  ['exponents', (size) => `[${'1e99,'.repeat(size / 5)}1]`],
  ['brackets', (size) => '['.repeat(size)],
  ['spaces', (size) => `[${' '.repeat(size)}`],
];

function ignoringRefusals(read: () => unknown): void {
  try {
    read();
  } catch {
    // What is refused is refused: the time is the question.
  }
}

describe('nestsDeeper', () => {
  it.each([
    ['[[]]', 2, false],
    ['[[]]', 1, true],
    ['[{"a":[1]}]', 3, false],
    ['[{"a":[1]}]', 2, true],
    ['["[[[[", {}]', 2, false],
    ['["\\"[[[[", {}]', 2, false],
    ['["\\\\", [[]]]', 2, true],
    ['"[[[[', 1, false],
    ['[] [] []', 1, false],
  ])('%s deeper than %d levels: %s', (text, levels, deeper) => {
    expect(nestsDeeper(text, levels)).toBe(deeper);
  });
});

describe('JSON of others', () => {
  it.each(PUMPED)('is read as an answer in linear time: %s', (_, textOf) => {
    expectLinearTime(textOf, (text) =>
      ignoringRefusals(() => contentOf(Buffer.from(text), 'application/json')),
    );
  });

  it.each(PUMPED)('is read as a body in linear time: %s', (_, textOf) => {
    expectLinearTime(textOf, (text) => ignoringRefusals(() => parseJsonBody(Buffer.from(text))));
  });
});
