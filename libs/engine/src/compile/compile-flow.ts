import { readExpression } from '@easyflow/domain-schedule';
import type { Json } from '@easyflow/expressions';
import { UserError } from '@easyflow/kernel-errors';
import { DataSchemaCompiler } from '../data-schema/data-schema';
import { FlowInvalidError, MOST_ISSUES, type DocumentIssue } from '../document/document-issue';
import { pointerTo } from '../document/json-pointer';
import type { ParsedDocument } from '../document/parsed-document';
import { closest } from '../schema/closest';
import { NotForThisProcess } from '../not-for-this-process';
import { validateAgainstSchema } from '../schema/validate-schema';
import { compileList, compileNamed, compileStep, compileTimeout } from './compile-tasks';
import type { CompilerContext } from './compiler-context';
import type { FlowDefinition } from './definitions';
import { compileFixedDuration } from './durations';
import { inputIssues } from './input-check';
import { IssueList } from './issue-list';
import type { CompiledProgram, Program, TaskNode } from './program';
import { SiteCompiler } from './sites';

/** What a flow document may consist of. */
const KEYS = ['document', 'input', 'use', 'do', 'timeout', 'output', 'schedule', 'evaluate'];

/**
 * Compiles a flow: checks it against the schema of the specification, then its meaning (references, names,
 * durations, expressions), then that this version can run all of it.
 * @throws FlowInvalidError
 */
export function compileFlow(source: ParsedDocument | Json): Program {
  const { document } = isParsed(source) ? source : { document: source };
  const line = (pointer: string): number | undefined =>
    isParsed(source) ? source.line(pointer) : undefined;
  const broken = validateAgainstSchema(document);
  if (broken.length > 0) {
    const told = broken.slice(0, MOST_ISSUES).map((issue) => withLine(issue, line));
    throw new FlowInvalidError(told, broken.length);
  }
  return compileValid(document, new IssueList(line), false);
}

/**
 * A flow whose document `compileFlow` has accepted before: it is not judged again, and its expressions and schemas
 * are compiled when they are first needed. So a large document does not hold up the process that loads it.
 * @throws NotForThisProcess where this version supports less than the one that accepted it
 */
export function loadFlow(document: Json): Program {
  return accepted(() => compileValid(document, new IssueList(() => undefined), true));
}

/**
 * When a flow that was accepted starts by itself.
 * @throws NotForThisProcess where this version supports less than the one that accepted it
 */
export function readSchedule(document: Json): Program['schedule'] {
  return accepted(() => {
    const issues = new IssueList(() => undefined);
    const schedule = compileSchedule(document as unknown as FlowDefinition, issues);
    issues.refuse();
    return schedule;
  });
}

/** A newer version may accept what this one does not even look for: any error says that it cannot read the document. */
function accepted<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `This version cannot read the flow: ${reason}`;
    throw new NotForThisProcess('document', message, error);
  }
}

function isParsed(source: ParsedDocument | Json): source is ParsedDocument {
  return (
    typeof source === 'object' &&
    source !== null &&
    typeof (source as ParsedDocument).line === 'function'
  );
}

function withLine(
  issue: DocumentIssue,
  lineOf: (pointer: string) => number | undefined,
): DocumentIssue {
  const line = lineOf(issue.pointer);
  return line === undefined ? issue : { pointer: issue.pointer, line, message: issue.message };
}

function compileValid(document: Json, issues: IssueList, accepted: boolean): CompiledProgram {
  const flow = document as unknown as FlowDefinition;
  const use = flow.use ?? {};
  const secrets = use.secrets ?? [];
  const mode = flow.evaluate?.mode ?? 'strict';
  const sites = new SiteCompiler(issues, { mode, knownSecrets: secrets, accepted });
  const context: CompilerContext = {
    issues,
    sites,
    schemas: new DataSchemaCompiler(issues, accepted),
    use,
    lists: new Map(),
    tasks: new Map(),
    compileList: (definition, pointer, locals) => compileList(definition, pointer, context, locals),
  };
  checkKeys(flow, issues);
  checkDslVersion(flow.document.dsl, issues);
  if ((flow.evaluate?.language ?? 'jq') !== 'jq') {
    issues.unsupported(
      '/evaluate/language',
      `The expression language "${flow.evaluate?.language}"`,
    );
  }
  if (use.extensions && use.extensions.length > 0) {
    issues.unsupported('/use/extensions', 'An extension');
  }
  for (const [name, task] of Object.entries(use.functions ?? {})) {
    const pointer = pointerTo('/use/functions', name);
    compileNamed([{ name, task, place: '/use/functions' }], pointer, context, []);
  }
  const input = compileStep(flow.input, '/input', 'the input of the workflow', context, []);
  const { namespace, name, version } = flow.document;
  const schedule = compileSchedule(flow, issues);
  if (!accepted) judgeSchedule(flow, issues);
  const text = JSON.stringify(document);
  const program: CompiledProgram = {
    flow: { namespace, name, version },
    ...(schedule && { schedule }),
    document,
    size: text.length,
    main: compileList(flow.do, '/do', context, []),
    lists: context.lists,
    tasks: context.tasks,
    input,
    output: compileStep(flow.output, '/output', 'the output of the workflow', context, []),
    timeout: compileTimeout(flow.timeout, '/timeout', context, []),
    secrets,
    readsWorkflow: text.includes('$workflow'),
    readsContext: text.includes('$context') || exportsAsItIs(context.tasks.values()),
    validateInput: (value, budget) => inputIssues(input.schema, value, budget),
  };
  issues.refuse();
  return program;
}

/** Whether a task checks the context by a schema without changing it. */
function exportsAsItIs(tasks: Iterable<TaskNode>): boolean {
  for (const { export: step } of tasks) if (step.schema && !step.transform) return true;
  return false;
}

/** The schema lets any key stand at the top; one that is nearly a known one is a slip that would go unnoticed. */
function checkKeys(document: object, issues: IssueList): void {
  for (const key of Object.keys(document)) {
    const meant = KEYS.includes(key) ? undefined : closest(key, KEYS);
    if (meant === undefined) continue;
    issues.add(pointerTo('', key), `"${key}" is not a known key here; did you mean "${meant}"?`);
  }
}

/** A document of another major version may mean something else by the same words. */
function checkDslVersion(version: string, issues: IssueList): void {
  if (Number.parseInt(version, 10) <= 1) return;
  issues.unsupported('/document/dsl', `The version ${version} of the DSL`);
}

function compileSchedule(flow: FlowDefinition, issues: IssueList): Program['schedule'] {
  const { every, cron, after, on } = flow.schedule ?? {};
  if (on !== undefined) issues.unsupported('/schedule/on', 'Starting a flow by events');
  if (every === undefined && cron === undefined && after === undefined) return undefined;
  if (cron !== undefined) checkCron(cron, issues);
  const duration = (value: typeof every, key: string): number | undefined => {
    if (value === undefined) return undefined;
    const milliseconds = compileFixedDuration(value, `/schedule/${key}`, issues);
    if (milliseconds <= 0)
      issues.add(`/schedule/${key}`, 'The duration must be longer than nothing');
    return milliseconds;
  };
  const everyMs = duration(every, 'every');
  const afterMs = duration(after, 'after');
  return {
    ...(everyMs !== undefined && { every: everyMs }),
    ...(cron !== undefined && { cron }),
    ...(afterMs !== undefined && { after: afterMs }),
  };
}

const KINDS = ['every', 'cron', 'after'] as const;

/** What was accepted once stays as it is, so these are asked of new documents only. */
function judgeSchedule({ schedule = {} }: FlowDefinition, issues: IssueList): void {
  const given = KINDS.filter((kind) => schedule[kind] !== undefined);
  const [kept, ...others] = given;
  if (others.length > 0) {
    const both = given.map((kind) => `"${kind}"`).join(' and ');
    const message = `A flow has one schedule, not ${both}; keep "${kept}" and move the other to a flow that runs this one`;
    issues.add(`/schedule/${others[0]}`, message);
  }
  const { cron } = schedule;
  if (cron !== undefined && neverFires(cron)) {
    const message = `"${cron}" matches no day of any year; correct its day or month`;
    issues.add('/schedule/cron', message);
  }
}

function neverFires(cron: string): boolean {
  try {
    const expression = readExpression('cron', cron);
    return expression.kind === 'cron' && expression.next(0) === undefined;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

function checkCron(cron: string, issues: IssueList): void {
  try {
    readExpression('cron', cron);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    issues.add('/schedule/cron', error.message);
  }
}
