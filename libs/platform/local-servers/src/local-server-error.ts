/**
 * Thrown when a local server cannot be obtained or started. The message ends with what the person
 * at the keyboard can do about it, which is also in `fix`.
 */
export class LocalServerError extends Error {
  readonly fix: string;

  constructor(problem: string, fix: string, options?: { cause?: unknown }) {
    super(`${problem}\n  Fix: ${fix}`, options);
    this.name = 'LocalServerError';
    this.fix = fix;
  }
}
