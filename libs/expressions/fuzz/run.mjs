// Differential fuzz: node libs/expressions/fuzz/run.mjs --python PATH [--seed N] [--count N]
// PATH is a Python with the package jq 1.13.0 (`python3 -m venv DIR; DIR/bin/pip install jq==1.13.0`).
// With --save FILE, writes the oracle's answers for the tests; --explained shows those cases, too.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import library from '../dist/index.js';
import { difference, ourAnswer } from './compare.mjs';
import { explanation } from './explained.mjs';
import { caseOf } from './generate/index.mjs';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000' },
    save: { type: 'string' },
    show: { type: 'string', default: '20' },
    explained: { type: 'boolean', default: false },
  },
});

const folder = path.dirname(fileURLToPath(import.meta.url));

/** The real jq in a process of its own, which some programs bring down. */
function startOracle() {
  const child = spawn(values.python, [path.join(folder, 'oracle.py')], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => undefined);
  return { child, answers: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

let oracle = startOracle();

/** The oracle's answer; undefined: it did not answer in time or fell over. */
async function ask(test) {
  oracle.child.stdin.write(`${JSON.stringify({ program: test.program, input: test.input })}\n`);
  const { value, done } = await oracle.answers.next();
  const answer = done ? undefined : readAnswer(value);
  if (answer !== undefined) return answer;
  oracle.child.kill();
  oracle = startOracle();
  return undefined;
}

/** Undefined for a line that the oracle did not write to its end. */
function readAnswer(line) {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const first = Number(values.seed);
const count = Number(values.count);
const saved = [];
const explained = new Map();
let unexplained = 0;
let compiled = 0;
let fallen = 0;

for (let seed = first; seed < first + count; seed += 1) {
  const test = caseOf(seed);
  const theirs = await ask(test);
  if (theirs === undefined) {
    process.stdout.write(`the oracle fell over at seed ${seed}: ${test.program}\n`);
    fallen += 1;
    continue;
  }
  if (theirs.compiles) compiled += 1;
  const ours = ourAnswer(library, test);
  const differs = difference(ours, theirs);
  const reason = differs === undefined ? undefined : explanation(test, ours, theirs);
  if (differs === undefined && values.save !== undefined) saved.push({ ...test, ...theirs });
  if (differs === undefined) continue;
  if (reason !== undefined) {
    explained.set(reason, (explained.get(reason) ?? 0) + 1);
    if (!values.explained) continue;
  } else {
    unexplained += 1;
    if (unexplained > Number(values.show)) continue;
  }
  process.stdout.write(
    `seed ${seed} differs in ${differs}${reason === undefined ? '' : ` (${reason})`}\n  program ${test.program}\n  input   ${JSON.stringify(test.input)}\n` +
      `  ours    ${JSON.stringify(ours)}\n  theirs  ${JSON.stringify(theirs)}\n`,
  );
}
oracle.child.stdin.end();

process.stdout.write(
  `seeds ${first} to ${first + count - 1}: ${count} cases, ${compiled} compile, ${unexplained} unexplained differences, ` +
    `${fallen} without an answer of the oracle\n`,
);
for (const [reason, times] of explained) process.stdout.write(`explained: ${times} × ${reason}\n`);
if (values.save !== undefined) {
  const lines = saved.map((line) => JSON.stringify(line));
  writeFileSync(values.save, `${lines.join('\n')}\n`);
}
// Some programs bring the oracle down; if it hardly ever answers, nothing was compared.
if (unexplained > 0 || fallen > count / 100) process.exitCode = 1;
