import type { Program } from '@easyflow/engine';

/** Characters of a document from which on it is compiled and run by a thread only. */
export const LARGE_DOCUMENT = 64 * 1024;

/** A flow version whose document is so large that compiling it would hold up the process. */
export class ThreadProgram {
  constructor(
    /** JSON. */
    readonly document: string,
  ) {}

  get size(): number {
    return this.document.length;
  }
}

const written = new WeakMap<Program, ThreadProgram>();

/** A program that another part of the process has compiled, as executions here run it. */
export function runnableHere(program: Program): Program | ThreadProgram {
  if (program.size <= LARGE_DOCUMENT) return program;
  const known = written.get(program) ?? new ThreadProgram(JSON.stringify(program.document));
  written.set(program, known);
  return known;
}
