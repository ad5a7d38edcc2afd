import type { Json } from '@easyflow/expressions';

/** The specification's error object (RFC 9457 problem details; `instance` is a JSON pointer into the flow). */
export interface FlowError {
  type: string;
  status: number;
  title?: string;
  detail?: string;
  instance?: string;
}

const BASE = 'https://open-workflow-specification.org/spec/1.0.0/errors/';

/** The specification's standard errors: default status and title. */
const STANDARD = {
  configuration: { status: 400, title: 'Configuration Error' },
  validation: { status: 400, title: 'Validation Error' },
  expression: { status: 400, title: 'Expression Error' },
  authentication: { status: 401, title: 'Authentication Error' },
  authorization: { status: 403, title: 'Authorization Error' },
  timeout: { status: 408, title: 'Timeout' },
  communication: { status: 500, title: 'Communication Error' },
  runtime: { status: 500, title: 'Runtime Error' },
} as const;

export type StandardError = keyof typeof STANDARD;

/** Makes one of the specification's standard errors. */
export function standardError(
  kind: StandardError,
  detail: string,
  options: { status?: number; title?: string; instance?: string } = {},
): FlowError {
  const { status, title } = STANDARD[kind];
  return {
    type: BASE + kind,
    status: options.status ?? status,
    title: options.title ?? title,
    detail,
    ...(options.instance !== undefined && { instance: options.instance }),
  };
}

/** Of a `run: workflow` whose flow or version does not exist. */
export function unknownFlow(
  { namespace, name, version }: { namespace: string; name: string; version: string },
  task: string,
): FlowError {
  const detail = `There is no flow ${namespace}/${name} in version ${version}`;
  return standardError('configuration', detail, { status: 404, instance: task });
}

/** An error as data. */
export function errorValue(error: FlowError): Json {
  return { ...error };
}

/** Ends the evaluation of a task with an error of the flow; never leaves the engine. */
export class Fault extends Error {
  constructor(readonly error: FlowError) {
    super(error.detail ?? error.type);
    this.name = 'Fault';
  }
}

/**
 * The specification's own examples and conformance tests name standard errors in three ways; a filter
 * written in any of them matches all.
 */
const ALIAS =
  /^https?:\/\/(?:open-workflow-specification\.org|serverlessworkflow\.io)\/(?:spec\/1\.0\.0\/errors|dsl\/errors\/types)\/([a-z]+)$/;

function canonicalType(type: Json | undefined): Json | undefined {
  const kind = typeof type === 'string' ? ALIAS.exec(type)?.[1] : undefined;
  return kind !== undefined && Object.hasOwn(STANDARD, kind) ? BASE + kind : type;
}

/** Whether an error has every property of a filter of `catch.errors.with`. */
export function matchesFilter(error: FlowError, filter: { [key: string]: Json }): boolean {
  return Object.entries(filter).every(([key, expected]) => {
    const actual = (error as unknown as Record<string, Json | undefined>)[key];
    return key === 'type' ? canonicalType(actual) === canonicalType(expected) : actual === expected;
  });
}
