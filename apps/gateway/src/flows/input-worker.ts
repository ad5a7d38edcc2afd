import { loadInputCheck, type DocumentIssue, type InputCheck, type Json } from '@easyflow/engine';
import { LRUCache } from 'lru-cache';
import { parentPort } from 'node:worker_threads';

/** What the thread is asked: both texts are JSON. */
export interface InputQuestion {
  /** Of the tenant and the flow's version. */
  key: string;
  schema: string;
  input: string;
}

/** What it answers. */
export type InputVerdict =
  | { kind: 'checked'; issues: DocumentIssue[] }
  /** This version cannot tell: the executor that runs it will. */
  | { kind: 'unknown'; reason: string };

/** Characters of schemas whose checks are kept: compiled they take some ten times as much memory. */
const MOST_CHARACTERS = 2_000_000;

const checks = new LRUCache<string, { check: InputCheck; size: number }>({
  maxSize: MOST_CHARACTERS,
  sizeCalculation: ({ size }) => size,
});

function checkOf({ key, schema }: InputQuestion): InputCheck {
  const known = checks.get(key);
  if (known) return known.check;
  const check = loadInputCheck(JSON.parse(schema) as Json);
  checks.set(key, { check, size: schema.length });
  return check;
}

function verdictOf(question: InputQuestion): InputVerdict {
  try {
    const issues = checkOf(question).check(JSON.parse(question.input) as Json);
    return { kind: 'checked', issues };
  } catch (error) {
    return { kind: 'unknown', reason: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (question: InputQuestion) =>
  parentPort?.postMessage(verdictOf(question)),
);
