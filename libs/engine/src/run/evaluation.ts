import {
  ExpressionInterrupted,
  ExpressionRuntimeError,
  TemplateRuntimeError,
  type CpuAllowance,
  type Json,
  type Limits,
} from '@easyflow/expressions';
import { UserError } from '@easyflow/kernel-errors';
import { formatTime } from '@easyflow/kernel-time';
import type { DataSchema } from '../data-schema/data-schema';
import { durationOf } from '../compile/durations';
import type { CompiledProgram, DurationSite } from '../compile/program';
import type { Site, SiteConditions } from '../compile/sites';
import { errorValue, Fault, standardError } from './flow-error';
import type { Branch, ExecutionState, Frame } from './state';
import { TurnInterrupted } from '../turn-interrupted';

/** The runtime descriptor, `$runtime`. */
const RUNTIME: Json = { name: 'EasyFlow', version: '0.1.0', metadata: {} };

const NO_VARIABLES: Record<string, Json> = {};

/** What a place in the document is evaluated with, beside its input. */
export interface Scope {
  /** The branch whose loops and catches give the local variables; absent for the workflow's own steps. */
  branch?: Branch;
  /** The task's transformed output, `$output`. */
  output?: Json;
  /** The task's raw output, `$task.output`. */
  rawOutput?: Json;
  /** What the evaluation may use, where it is one of many; each has its own otherwise. */
  limits?: Limits | undefined;
}

/** What the evaluations of one execution have in common. */
export interface EvaluationSetting {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** CPU that they share. */
  readonly cpu?: CpuAllowance | undefined;
  readonly secrets?: Json | undefined;
}

/** Evaluates the places of one execution's document. */
export class Evaluation {
  private readonly cpu: CpuAllowance | undefined;
  private readonly secrets: Json | undefined;
  private readonly conditions: SiteConditions;
  /** Whether anything evaluated so far may give something else at another time. */
  readsTime = false;

  constructor(
    private readonly program: CompiledProgram,
    private readonly state: ExecutionState,
    setting: EvaluationSetting,
    private readonly authorization: (branch: Branch) => Json,
  ) {
    const { now, cpu, secrets } = setting;
    this.cpu = cpu;
    this.secrets = secrets;
    const read = (): number => {
      this.readsTime = true;
      return now;
    };
    this.conditions = { now: read, ...(cpu && { cpu }) };
  }

  /**
   * @throws Fault with an expression or authorization error of the innermost task
   * @throws TurnInterrupted
   */
  evaluate(site: Site, input: Json, scope: Scope): Json {
    const instance = scope.branch?.frames.at(-1)?.task ?? site.pointer;
    const { cpu, conditions } = this;
    return this.interruptible(instance, () => {
      const ready = site.ready(cpu);
      const { uses } = ready;
      if (ready.readsStart) this.readsTime = true;
      for (const name of ready.secrets) this.secret(name, instance);
      try {
        return ready.evaluate(
          input,
          uses.size === 0 ? NO_VARIABLES : this.variables(uses, scope),
          scope.limits ? { ...conditions, ...scope.limits } : conditions,
        );
      } catch (error) {
        const problem = problemOf(error);
        if (!problem) throw error;
        const detail = `${problem.message} (in the expression at ${site.pointer}${problem.pointer})`;
        throw new Fault(standardError('expression', detail, { instance }));
      }
    });
  }

  /** Whether the place evaluates to something other than null and false. */
  holds(site: Site, input: Json, scope: Scope): boolean {
    const value = this.evaluate(site, input, scope);
    return value !== null && value !== false;
  }

  /** Milliseconds. @throws Fault when an expression gives no duration */
  duration(duration: DurationSite, input: Json, scope: Scope): number {
    if (typeof duration === 'number') return duration;
    const value = this.evaluate(duration, input, scope);
    try {
      return durationOf(value);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const instance = scope.branch?.frames.at(-1)?.task ?? duration.pointer;
      throw new Fault(standardError('expression', error.message, { instance }));
    }
  }

  /** @throws Fault with a validation error at the instance */
  validate(schema: DataSchema | undefined, value: Json, what: string, instance: string): void {
    if (!schema) return;
    const problems = this.interruptible(instance, () => schema.check(value, this.cpu));
    if (problems.length === 0) return;
    const list = problems.map(({ pointer, message }) => `${pointer} ${message}`).join('; ');
    throw new Fault(standardError('validation', `The ${what} is invalid: ${list}`, { instance }));
  }

  /** The value of a secret. @throws Fault with an authorization error when the flow has none of the name */
  secret(name: string, instance: string): Json {
    const { secrets } = this;
    if (
      this.program.secrets.includes(name) &&
      typeof secrets === 'object' &&
      secrets !== null &&
      !Array.isArray(secrets) &&
      Object.hasOwn(secrets, name)
    ) {
      return secrets[name] ?? null;
    }
    const detail = `The secret "${name}" does not exist or may not be read`;
    throw new Fault(standardError('authorization', detail, { instance }));
  }

  /** @throws TurnInterrupted when the CPU is used up */
  look(instance: string): void {
    this.interruptible(instance, () => this.cpu?.look());
  }

  private interruptible<T>(instance: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ExpressionInterrupted)) throw error;
      throw new TurnInterrupted(instance, error.allowed, error);
    }
  }

  private variables(uses: ReadonlySet<string>, scope: Scope): Record<string, Json> {
    // Without a prototype, since a loop may name its variable __proto__.
    const variables = Object.create(null) as Record<string, Json>;
    for (const name of uses) {
      const value = this.variable(name, scope);
      if (value !== undefined) variables[name] = value;
    }
    return variables;
  }

  private variable(name: string, scope: Scope): Json | undefined {
    const frame = scope.branch?.frames.at(-1);
    switch (name) {
      case 'context':
        return this.state.context;
      case 'input':
        return frame?.input ?? null;
      case 'output':
        return scope.output ?? null;
      case 'secrets':
        return this.allSecrets();
      case 'authorization':
        return scope.branch ? this.authorization(scope.branch) : null;
      case 'task':
        return frame ? this.task(frame, scope) : null;
      case 'workflow':
        return this.workflow();
      case 'runtime':
        return RUNTIME;
      default:
        return local(name, this.program, scope.branch);
    }
  }

  private allSecrets(): Json {
    const { secrets } = this;
    if (typeof secrets !== 'object' || secrets === null || Array.isArray(secrets)) return {};
    return Object.fromEntries(
      this.program.secrets
        .filter((name) => Object.hasOwn(secrets, name))
        .map((name) => [name, secrets[name] ?? null]),
    );
  }

  private task(frame: Frame, scope: Scope): Json {
    const node = this.program.tasks.get(frame.task);
    return {
      name: node?.name ?? '',
      reference: frame.task,
      definition: node?.definition ?? null,
      input: (Object.hasOwn(frame, 'rawInput') ? frame.rawInput : frame.input) ?? null,
      output: scope.rawOutput ?? null,
      startedAt: moment(frame.startedAt),
    };
  }

  private workflow(): Json {
    return {
      id: this.state.id,
      definition: this.program.document,
      input: this.state.input ?? null,
      startedAt: moment(this.state.startedAt),
    };
  }
}

/** What went wrong in an expression, and where in its site; undefined for any other error. */
function problemOf(error: unknown): { message: string; pointer: string } | undefined {
  if (error instanceof TemplateRuntimeError) {
    return { message: error.cause.message, pointer: error.pointer };
  }
  return error instanceof ExpressionRuntimeError
    ? { message: error.message, pointer: '' }
    : undefined;
}

/** A variable of the loops and catches around a place, the innermost first. */
function local(
  name: string,
  program: CompiledProgram,
  branch: Branch | undefined,
): Json | undefined {
  for (const frame of branch?.frames.toReversed() ?? []) {
    const action = program.tasks.get(frame.task)?.action;
    if (action?.kind === 'for' && frame.index !== undefined) {
      if (action.each === name) return frame.items?.[frame.index] ?? null;
      if (action.at === name) return frame.index;
    }
    if (action?.kind === 'try' && action.catch.as === name && frame.error) {
      return errorValue(frame.error);
    }
  }
  return undefined;
}

/** The specification's date time descriptor. */
function moment(time: number): Json {
  return {
    iso8601: formatTime(time),
    epoch: { seconds: Math.floor(time / 1_000), milliseconds: time },
  };
}
