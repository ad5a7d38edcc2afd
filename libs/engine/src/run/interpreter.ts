import { CpuAllowance, type Json } from '@easyflow/expressions';
import type { CompiledProgram, DataStep, Directive, TaskList, TaskNode } from '../compile/program';
import { beginTask, iterate } from './begin-task';
import type { Effect } from './effects';
import { Evaluation, type Scope } from './evaluation';
import { errorValue, Fault, standardError, type FlowError } from './flow-error';
import { authorizationValue } from './http-request';
import type { Journal } from './journal';
import { completed, innermost, nodeOf, type Machine, type Move } from './machine';
import { branchesOf, type Branch, type ExecutionState, type Frame } from './state';
import { catchError, tryAgain } from './try-task';
import { MOST_HANDED_OUT, weightOf } from './weight';

/** Tasks inside each other; only a function that calls itself reaches it. */
const DEEPEST = 200;

/** An advance yields after this part of the CPU that it may use: a task that begins has most of it left. */
const SLICES = 10;

/** How much pure work one advance may do. Nothing of it changes what the execution does, only when. */
export interface Budget {
  /** Tasks it may begin before it yields. */
  steps: number;
  /** Asked before each task but the first, whether it should yield; the shell may look at its own clock. */
  exhausted?: (() => boolean) | undefined;
  /**
   * CPU of the thread, in milliseconds, that it may use: an advance that is within a task when it is used up ends in
   * TurnInterrupted. Without it nothing is interrupted. From a second on it suffices for whatever cannot be
   * interrupted.
   */
  cpuMs?: number | undefined;
  /** CPU of the thread, in milliseconds, after which it yields before its next task: a tenth of `cpuMs` unless given. */
  yieldMs?: number | undefined;
}

/** Runs the tasks of one execution within one advance, on a draft of its state. */
export class Interpreter implements Machine {
  readonly effects: Effect[] = [];
  /** Keys of effects that were in flight before this advance and no longer matter. */
  readonly abandoned: string[] = [];
  readonly abandonedChildren: string[] = [];
  /** Whether the budget ended before the work. */
  yielded = false;
  readonly evaluation: Evaluation;
  isMissing: Machine['isMissing'] = () => false;
  /** When what is being done became due: up to {@link now}. */
  instant: number;
  /** Tasks begun in this advance. */
  private begun = 0;
  /** What the events, the errors and the inputs of sub-flows of this advance weigh. */
  handedOut = 0;

  /** CPU after which it yields. */
  private readonly slice: CpuAllowance | undefined;

  constructor(
    readonly program: CompiledProgram,
    readonly state: ExecutionState,
    readonly journal: Journal,
    readonly now: number,
    secrets: Json | undefined,
    private readonly budget: Budget,
  ) {
    this.instant = now;
    const { cpuMs, yieldMs = cpuMs && cpuMs / SLICES } = budget;
    const cpu = cpuMs === undefined ? undefined : new CpuAllowance(cpuMs);
    this.slice = yieldMs === undefined ? undefined : new CpuAllowance(yieldMs, cpu);
    this.evaluation = new Evaluation(program, state, { now, cpu, secrets }, (branch) =>
      authorizationValue(program, branch, this.evaluation),
    );
  }

  /** Begins an execution: the workflow's input step, then its first task. */
  start(): void {
    const { program, state, journal, now } = this;
    state.startedAt = now;
    state.status = 'running';
    journal.record('executionStarted');
    journal.lifecycle('started', { definition: { ...program.flow } });
    const input = state.input ?? null;
    try {
      this.evaluation.validate(program.input.schema, input, 'input of the workflow', '/input');
      const { transform } = program.input;
      const transformed = transform ? this.evaluation.evaluate(transform, input, {}) : input;
      if (program.readsContext) state.context = transformed;
      if (program.timeout !== undefined) {
        state.deadline = now + this.evaluation.duration(program.timeout, transformed, {});
      }
      state.root.next = { index: 0, input: transformed, at: now, since: now };
    } catch (error) {
      this.end('faulted', { error: errorOf(error) });
    }
    if (!program.readsWorkflow) delete state.input;
  }

  handOut(value: Json): void {
    this.handedOut += weightOf(value, MOST_HANDED_OUT);
  }

  /** Goes on where the budget of the advance before ended. */
  resume(branch: Branch): void {
    const { next } = branch;
    if (!next) return;
    delete branch.next;
    this.drive(branch, { kind: 'enter', index: next.index, input: next.input });
  }

  /** The branch's innermost task has its raw output. */
  completeTask(branch: Branch, output: Json): void {
    this.drive(branch, completed(output));
  }

  /** The branch's innermost task has failed. */
  failTask(branch: Branch, error: FlowError): void {
    this.drive(branch, { kind: 'fail', error });
  }

  /** A wait or the delay before a retry is over. */
  endDelay(branch: Branch): void {
    const frame = innermost(branch);
    delete frame.until;
    if (frame.phase === 'delay') this.attempt(branch, () => tryAgain(this, branch, frame));
    else this.completeTask(branch, frame.input ?? null);
  }

  /** The time of the task at a depth, or of the attempt of the `try` there, is over. */
  timeOut(branch: Branch, depth: number, what: 'task' | 'attempt'): void {
    const frame = branch.frames[depth];
    if (!frame) return;
    this.abandon(branch, depth);
    branch.frames.length = depth + 1;
    const detail = what === 'task' ? 'The task took too long' : 'The attempt took too long';
    const error = standardError('timeout', detail, { instance: frame.task });
    if (what === 'task') this.failTask(branch, error);
    else this.attempt(branch, () => catchError(this, branch, frame, error));
  }

  /** Ends the execution; what is in flight is abandoned. */
  end(
    status: 'completed' | 'faulted' | 'cancelled',
    result: { output?: Json; error?: FlowError } = {},
  ): void {
    const { state, journal } = this;
    for (const branch of branchesOf(state.root)) this.abandon(branch, 0);
    state.root = { list: state.root.list, frames: [], steps: state.root.steps };
    delete state.deadline;
    delete state.input;
    state.context = null;
    state.status = status;
    if (result.output !== undefined) state.output = result.output;
    if (result.error) state.error = result.error;
    const error = result.error && { error: errorValue(result.error) };
    journal.record('executionEnded', undefined, { status, ...error });
    journal.lifecycle(status, error);
  }

  /** Forgets what is in flight in a branch from a depth on. */
  private abandon(branch: Branch, depth: number): void {
    delete branch.next;
    for (const frame of branch.frames.slice(depth)) {
      delete frame.until;
      const { effect, childId } = frame;
      if (effect === undefined) continue;
      delete frame.effect;
      delete frame.childId;
      const begun = this.effects.findIndex(({ key }) => key === effect);
      if (begun >= 0) this.effects.splice(begun, 1);
      else {
        this.abandoned.push(effect);
        if (childId !== undefined) this.abandonedChildren.push(childId);
      }
    }
  }

  /** Runs moves until the branch waits, ends or has used up the budget. */
  private drive(branch: Branch, first: Move | undefined): void {
    let move = first;
    while (move) {
      const current = move;
      move = this.guarded(() => this.step(branch, current));
    }
  }

  private attempt(branch: Branch, first: () => Move | undefined): void {
    this.drive(branch, this.guarded(first));
  }

  private guarded(step: () => Move | undefined): Move | undefined {
    try {
      return step();
    } catch (error) {
      return { kind: 'fail', error: errorOf(error) };
    }
  }

  private step(branch: Branch, move: Move): Move | undefined {
    if (move.kind === 'enter') return this.enter(branch, move.index, move.input);
    if (move.kind === 'fail') return this.fail(branch, move.error);
    return this.complete(branch, move.output, move.directive);
  }

  private enter(branch: Branch, index: number, input: Json): Move | undefined {
    if (this.isSpent()) {
      branch.next = { index, input, at: this.instant, since: this.now };
      this.yielded = true;
      return undefined;
    }
    this.begun += 1;
    const node = this.listOf(branch).tasks[index];
    if (!node) return this.leaveScope(branch, input);
    const frame = this.push(branch, node, input);
    const scope = { branch };
    if (node.condition && !this.evaluation.holds(node.condition, input, scope)) {
      branch.frames.pop();
      return { kind: 'enter', index: index + 1, input };
    }
    this.journal.record('taskStarted', node.pointer);
    this.evaluation.validate(node.input.schema, input, 'input of the task', node.pointer);
    if (node.input.transform) {
      frame.input = this.evaluation.evaluate(node.input.transform, input, scope);
      frame.rawInput = input;
    }
    const taskInput = frame.input ?? null;
    if (node.timeout !== undefined) {
      frame.deadline = this.now + this.evaluation.duration(node.timeout, taskInput, scope);
    }
    return beginTask(this, branch, frame, node, taskInput);
  }

  /** The first task always begins: an execution that only yields would never end. */
  private isSpent(): boolean {
    const { steps, exhausted } = this.budget;
    if (this.begun === 0) return false;
    const isFull = this.handedOut > MOST_HANDED_OUT;
    const isLate = this.slice?.isUsedUp() === true || exhausted?.() === true;
    return this.begun >= steps || isFull || isLate;
  }

  private push(branch: Branch, node: TaskNode, input: Json): Frame {
    const owner = branch.frames.at(-1) ?? branch;
    owner.steps = (owner.steps ?? 0) + 1;
    const frame: Frame = { task: node.pointer, visit: owner.steps, startedAt: this.now, input };
    branch.frames.push(frame);
    if (branch.frames.length > DEEPEST) {
      const detail = `Tasks are nested over ${DEEPEST} deep; does a function call itself without end?`;
      throw new Fault(standardError('runtime', detail, { instance: node.pointer }));
    }
    return frame;
  }

  private listOf(branch: Branch): TaskList {
    const frame = branch.frames.at(-1);
    let list: TaskList | undefined;
    if (!frame) list = this.program.lists.get(branch.list);
    else {
      const { action } = nodeOf(this.program, frame);
      if (action.kind === 'callFunction') list = this.program.lists.get(action.list);
      else if (action.kind === 'try' && frame.phase === 'catch') list = action.catch.list;
      else if ('list' in action) list = action.list;
    }
    if (!list) throw new Error(`${frame?.task ?? branch.list} has no tasks inside`);
    return list;
  }

  /** The tasks of the branch's innermost scope are done. */
  private leaveScope(branch: Branch, output: Json, leavesLoop = false): Move | undefined {
    const frame = branch.frames.at(-1);
    if (!frame) {
      this.finish(output);
      return undefined;
    }
    const { action } = nodeOf(this.program, frame);
    if (action.kind === 'for' && !leavesLoop) {
      return iterate(this, branch, frame, action, output);
    }
    if (action.kind === 'try' && frame.phase === 'catch') {
      return completed(output, action.catch.then);
    }
    return completed(output);
  }

  private complete(branch: Branch, raw: Json, given: Directive | undefined): Move | undefined {
    const frame = innermost(branch);
    const node = nodeOf(this.program, frame);
    const scope: Scope = { branch, rawOutput: raw };
    delete frame.effect;
    const output = this.transform(node.output, raw, scope, 'output of the task', node.pointer);
    this.exportContext(node, output, scope);
    branch.frames.pop();
    this.journal.record('taskCompleted', node.pointer);
    return this.follow(branch, given ?? node.then, node, output);
  }

  private exportContext(node: TaskNode, output: Json, scope: Scope): void {
    const { program, state } = this;
    const step = node.export;
    if (!step.transform) {
      // The default of `as` is the context as it is.
      const what = 'exported context';
      if (step.schema) this.evaluation.validate(step.schema, state.context, what, node.pointer);
      return;
    }
    const exported = { ...scope, output };
    const context = this.transform(step, output, exported, 'exported context', node.pointer);
    if (program.readsContext) state.context = context;
  }

  private transform(
    step: DataStep,
    value: Json,
    scope: Scope,
    what: string,
    instance: string,
  ): Json {
    const transformed = step.transform
      ? this.evaluation.evaluate(step.transform, value, scope)
      : value;
    this.evaluation.validate(step.schema, transformed, what, instance);
    return transformed;
  }

  private follow(
    branch: Branch,
    directive: Directive,
    node: TaskNode,
    output: Json,
  ): Move | undefined {
    switch (directive.kind) {
      case 'continue':
        return { kind: 'enter', index: node.index + 1, input: output };
      case 'goto':
        return { kind: 'enter', index: directive.index, input: output };
      case 'exit':
        return this.leaveScope(branch, output, true);
      case 'end':
        this.finish(output);
        return undefined;
    }
  }

  private fail(branch: Branch, error: FlowError): Move | undefined {
    const frame = branch.frames.pop();
    if (!frame) {
      this.end('faulted', { error });
      return undefined;
    }
    const told = error.instance === undefined ? { ...error, instance: frame.task } : error;
    const value = errorValue(told);
    this.handOut(value);
    this.journal.record('taskFaulted', frame.task, { error: value });
    const parent = branch.frames.at(-1);
    return parent?.phase === 'try'
      ? catchError(this, branch, parent, told)
      : { kind: 'fail', error: told };
  }

  private finish(last: Json): void {
    try {
      const output = this.transform(
        this.program.output,
        last,
        {},
        'output of the workflow',
        '/output',
      );
      this.end('completed', { output });
    } catch (error) {
      this.end('faulted', { error: errorOf(error) });
    }
  }
}

/** The error of the flow in what was thrown; anything else is a defect of the engine and goes on. */
function errorOf(error: unknown): FlowError {
  if (error instanceof Fault) return error.error;
  throw error;
}
