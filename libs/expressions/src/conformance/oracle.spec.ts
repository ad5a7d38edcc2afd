import { readFileSync } from 'node:fs';
import path from 'node:path';
import { difference, ourAnswer, type Answer, type Case } from '../../fuzz/compare.mjs';
import * as library from '..';

// What the real jq answered to cases of fuzz/generate, written by fuzz/run.mjs --save.
const file = path.join(__dirname, '../../fuzz/oracle-answers.jsonl');
const answers = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Case & Answer);

it('answers generated programs as the real jq does', () => {
  expect(answers.length).toBeGreaterThan(1000);
  const differing = answers.flatMap((test) => {
    const differs = difference(ourAnswer(library, test), test);
    return differs === undefined ? [] : [{ seed: test.seed, program: test.program, differs }];
  });
  expect(differing).toEqual([]);
});
