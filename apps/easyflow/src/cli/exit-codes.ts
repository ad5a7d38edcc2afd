/** The process's exit codes; part of the public contract. */
export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  executionFailed: 3,
  auth: 4,
  notFound: 5,
  conflict: 6,
  quota: 7,
  timeout: 8,
  interrupt: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Thrown by a command that has already said what it had to say, or whose message is for people. */
export class CommandFailure extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
  ) {
    super(message);
    this.name = 'CommandFailure';
  }
}
