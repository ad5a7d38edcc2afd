import type { Json, Limits } from '@easyflow/expressions';
import type { DocumentIssue } from '../document/document-issue';
import type { DataSchema } from '../data-schema/data-schema';
import type { JsonObject } from './definitions';
import type { Site } from './sites';

/** A compiled flow version: immutable, shared by its executions. */
export interface Program {
  readonly flow: { namespace: string; name: string; version: string };
  /** `every` and `after` in milliseconds; `cron` as written. */
  readonly schedule?: { every?: number; cron?: string; after?: number };
  /**
   * Issues of an input against the document's input schema; pointers into `input`. Empty when valid.
   * @throws TurnInterrupted when the CPU of the budget, in milliseconds, is used up
   * @throws NotForThisProcess where this version cannot read the schema
   */
  validateInput(input: Json, budget?: { cpuMs?: number }): DocumentIssue[];
  readonly document: Json;
  /** Characters of the document as JSON: a program takes 10 to 50 bytes of memory for each. */
  readonly size: number;
}

/** What the engine itself needs of a program. Every `Program` that `compileFlow` makes is one. */
export interface CompiledProgram extends Program {
  readonly main: TaskList;
  readonly lists: ReadonlyMap<string, TaskList>;
  readonly tasks: ReadonlyMap<string, TaskNode>;
  readonly input: DataStep;
  readonly output: DataStep;
  readonly timeout: DurationSite | undefined;
  readonly secrets: readonly string[];
  /** Whether any expression reads `$workflow`, so that the raw input must be kept. */
  readonly readsWorkflow: boolean;
  /** Whether any expression reads `$context`, so that the context must be kept. */
  readonly readsContext: boolean;
}

/** Tasks that run one after the other. */
export interface TaskList {
  /** JSON pointer: `/do`, `/do/0/x/try`. */
  readonly pointer: string;
  readonly tasks: readonly TaskNode[];
}

/** A schema and a transformation of data; the input step validates first, the output steps transform first. */
export interface DataStep {
  readonly schema?: DataSchema;
  readonly transform?: Site;
}

/** Where a scope continues. */
export type Directive =
  | { readonly kind: 'continue' | 'exit' | 'end' }
  | { readonly kind: 'goto'; readonly index: number };

/** A duration: fixed, in milliseconds, or an expression that gives one. */
export type DurationSite = number | Site;

export interface TaskNode {
  readonly name: string;
  /** JSON pointer: `/do/0/x`. */
  readonly pointer: string;
  readonly definition: JsonObject;
  readonly list: TaskList;
  readonly index: number;
  readonly condition: Site | undefined;
  readonly input: DataStep;
  readonly output: DataStep;
  readonly export: DataStep;
  readonly timeout: DurationSite | undefined;
  readonly then: Directive;
  readonly action: Action;
  /** Whether the task's input is read again after it has started, so that the state must hold it. */
  readonly keepsInput: boolean;
}

export type Action =
  | { readonly kind: 'set'; readonly value: Site }
  | SwitchAction
  | { readonly kind: 'do'; readonly list: TaskList }
  | ForAction
  | TryAction
  | { readonly kind: 'raise'; readonly error: Site }
  | { readonly kind: 'wait'; readonly duration: DurationSite }
  | { readonly kind: 'emit'; readonly event: Site }
  | HttpAction
  | FunctionAction
  | RunFlowAction;

export interface SwitchAction {
  readonly kind: 'switch';
  readonly cases: readonly SwitchCase[];
  /** Makes the limits that many conditions share. */
  readonly limits: (() => Limits) | undefined;
}

/** Cases in order, the one without a condition last. */
export interface SwitchCase {
  readonly when: Site | undefined;
  readonly then: Directive;
}

export interface ForAction {
  readonly kind: 'for';
  readonly each: string;
  readonly at: string;
  readonly items: Site;
  readonly while: Site | undefined;
  readonly list: TaskList;
}

export interface TryAction {
  readonly kind: 'try';
  readonly list: TaskList;
  readonly catch: {
    readonly filter: JsonObject | undefined;
    readonly as: string;
    readonly when: Site | undefined;
    readonly exceptWhen: Site | undefined;
    readonly retry: RetryPolicy | undefined;
    readonly list: TaskList | undefined;
    readonly then: Directive | undefined;
  };
}

export interface RetryPolicy {
  readonly when: Site | undefined;
  readonly exceptWhen: Site | undefined;
  readonly delay: DurationSite;
  readonly backoff: 'constant' | 'linear' | 'exponential';
  readonly jitter: { readonly from: DurationSite; readonly to: DurationSite } | undefined;
  /** How often the block may be tried again; undefined is without end. */
  readonly retries: number | undefined;
  readonly attemptLimit: DurationSite | undefined;
  readonly totalLimit: DurationSite | undefined;
}

export interface HttpAction {
  readonly kind: 'callHttp';
  readonly method: Site;
  readonly endpoint:
    | { readonly kind: 'uriTemplate'; readonly text: string }
    | { readonly kind: 'expression'; readonly site: Site };
  readonly headers: Site | undefined;
  readonly query: Site | undefined;
  readonly body: Site | undefined;
  readonly output: 'content' | 'response' | 'raw';
  readonly redirect: boolean;
  readonly authentication: Authentication | undefined;
}

/** How a call authenticates; `secret` names a secret that holds the properties. */
export type Authentication =
  | { readonly scheme: 'Basic' | 'Bearer'; readonly secret: string }
  | { readonly scheme: 'Basic'; readonly username: Site; readonly password: Site }
  | { readonly scheme: 'Bearer'; readonly token: Site };

/** A call of one of `use.functions`: its arguments are the input of the function's task. */
export interface FunctionAction {
  readonly kind: 'callFunction';
  readonly arguments: Site;
  /** Pointer of the list that holds the function's task. */
  readonly list: string;
}

export interface RunFlowAction {
  readonly kind: 'runFlow';
  readonly flow: { readonly namespace: string; readonly name: string; readonly version: string };
  readonly input: Site;
  readonly await: boolean;
  /** False for `return: none`: the task then outputs null. */
  readonly returnsOutput: boolean;
}
