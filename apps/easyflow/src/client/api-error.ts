import { exitCodes, type ExitCode } from '../cli/exit-codes';

/** The body of an `application/problem+json` answer. */
export interface Problem {
  status: number;
  code?: string;
  title?: string;
  detail?: string;
  traceId?: string;
  errors?: { pointer: string; line?: number; message: string }[];
}

const exitCodeOf: Readonly<Record<number, ExitCode>> = {
  401: exitCodes.auth,
  403: exitCodes.auth,
  404: exitCodes.notFound,
  409: exitCodes.conflict,
  429: exitCodes.quota,
  408: exitCodes.timeout,
  504: exitCodes.timeout,
};

/** Thrown when the server answers with an error. */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title ?? `the server answered ${problem.status}`);
    this.name = 'ApiError';
  }

  /** The same, with what it is about in front of its message. */
  about(subject: string): ApiError {
    return new ApiError({ ...this.problem, detail: `${subject}: ${this.message}` });
  }

  get exitCode(): ExitCode {
    return exitCodeOf[this.problem.status] ?? exitCodes.error;
  }
}

/** Thrown when the server cannot be reached at all. */
export class ServerUnreachableError extends Error {
  constructor(url: string, cause: unknown) {
    super(
      `no EasyFlow server answers at ${url}. Start one with \`npm start\`, or name another with --url or EASYFLOW_URL.`,
      { cause },
    );
    this.name = 'ServerUnreachableError';
  }
}
