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
