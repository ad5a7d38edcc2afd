import { pointerTo } from '../document/json-pointer';
import { didYouMean } from '../schema/closest';
import type { TaskKind } from '../schema/task-kind';
import { reusable, type CompilerContext } from './compiler-context';
import type { ErrorDefinition, JsonObject, TaskDefinition } from './definitions';
import { compileDuration } from './durations';
import { compileHttp } from './http-action';
import type { Action, Directive, RunFlowAction } from './program';
import { compileRetry, condition } from './retry-policy';
import { limitsOf } from './shared-limits';
import { ARGUMENTS } from './sites';

const STAGE = 'the definition of a task';

/** What stands for an action that was refused; the flow with it never runs. */
const NOTHING: Action = { kind: 'do', list: { pointer: '', tasks: [] } };

/** Calls that the specification defines and this version cannot make. */
const UNSUPPORTED_CALLS = ['asyncapi', 'grpc', 'openapi', 'a2a', 'mcp'];

interface ActionPlace {
  task: TaskDefinition;
  pointer: string;
  directive: (then: string, at: string) => Directive;
}

/** Compiles what a task of a kind does. */
export function compileAction(
  kind: TaskKind,
  place: ActionPlace,
  context: CompilerContext,
  locals: readonly string[],
): Action {
  const { task, pointer } = place;
  const { sites } = context;
  switch (kind) {
    case 'set':
      return {
        kind,
        value: sites.template(task.set ?? null, `${pointer}/set`, STAGE, locals),
      };
    case 'do':
      return { kind, list: context.compileList(task.do ?? [], `${pointer}/do`, locals) };
    case 'wait':
      return {
        kind,
        duration: compileDuration(task.wait ?? 'PT0S', `${pointer}/wait`, context, locals),
      };
    case 'emit':
      return compileEmit(place, context, locals);
    case 'raise':
      return compileRaise(place, context, locals);
    case 'switch':
      return compileSwitch(place, context, locals);
    case 'for':
      return compileFor(place, context, locals);
    case 'try':
      return compileTry(place, context, locals);
    case 'call':
      return compileCall(place, context, locals);
    case 'run':
      return compileRun(place, context, locals);
    case 'fork':
    case 'listen':
      context.issues.unsupported(`${pointer}/${kind}`, `The task "${kind}"`);
      return NOTHING;
  }
}

function compileEmit(
  { task, pointer }: ActionPlace,
  context: CompilerContext,
  locals: readonly string[],
): Action {
  const place = `${pointer}/emit/event`;
  const event = task.emit?.event.with;
  if (!event) {
    // The schema lets it pass, and then the event would have no type.
    context.issues.add(place, '"with" is missing; write the attributes of the event under it');
    return NOTHING;
  }
  return { kind: 'emit', event: context.sites.template(event, `${place}/with`, STAGE, locals) };
}

function compileRaise(
  { task, pointer }: ActionPlace,
  context: CompilerContext,
  locals: readonly string[],
): Action {
  const written = task.raise?.error ?? '';
  const isName = typeof written === 'string';
  const place = `${pointer}/raise/error`;
  const error = isName ? reusable<ErrorDefinition>(context, 'errors', written, place) : written;
  if (!error) return NOTHING;
  const at = isName ? pointerTo('/use/errors', written) : place;
  const value = error as unknown as JsonObject;
  return { kind: 'raise', error: context.sites.template(value, at, STAGE, locals) };
}

function compileSwitch(
  { task, pointer, directive }: ActionPlace,
  context: CompilerContext,
  locals: readonly string[],
): Action {
  const cases = (task.switch ?? []).flatMap((item, index) =>
    Object.entries(item).map(([name, branch]) => {
      const at = pointerTo(`/switch/${index}`, name);
      return {
        name,
        place: pointer + at,
        when: condition(branch.when, `${pointer}${at}/when`, context, locals),
        then: directive(branch.then, `${at}/then`),
      };
    }),
  );
  const names = new Set<string>();
  for (const { name, place } of cases) {
    if (names.has(name)) {
      context.issues.add(place, `The name "${name}" is used twice in one switch`);
    }
    names.add(name);
  }
  const defaults = cases.filter(({ when }) => when === undefined);
  for (const { place } of defaults.slice(1)) {
    context.issues.add(place, 'A switch can have only one case without "when"');
  }
  const ordered = [...cases.filter(({ when }) => when !== undefined), ...defaults];
  return {
    kind: 'switch',
    cases: ordered.map(({ when, then }) => ({ when, then })),
    limits: limitsOf(cases.length),
  };
}

function compileFor(
  { task, pointer }: ActionPlace,
  context: CompilerContext,
  locals: readonly string[],
): Action {
  const loop = task.for ?? { in: [] };
  const each = variable(loop.each ?? 'item', `${pointer}/for/each`, context);
  const at = variable(loop.at ?? 'index', `${pointer}/for/at`, context);
  const inner = [...locals, each, at];
  const place = `${pointer}/for/in`;
  return {
    kind: 'for',
    each,
    at,
    items:
      typeof loop.in === 'string'
        ? context.sites.expression(loop.in, place, STAGE, locals)
        : context.sites.template(loop.in, place, STAGE, locals),
    while: condition(task.while, `${pointer}/while`, context, inner),
    list: context.compileList(task.do ?? [], `${pointer}/do`, inner),
  };
}

function compileTry(
  { task, pointer, directive }: ActionPlace,
  context: CompilerContext,
  locals: readonly string[],
): Action {
  const handler = task.catch ?? {};
  const place = `${pointer}/catch`;
  for (const key of Object.keys(handler.errors ?? {}).filter((name) => name !== 'with')) {
    // The schema lets it pass, and then every error would be caught.
    const problem = `"${key}" is not a known key here; write what errors must have under "with"`;
    context.issues.add(pointerTo(`${place}/errors`, key), problem);
  }
  const as = variable(handler.as ?? 'error', `${place}/as`, context);
  const inner = [...locals, as];
  return {
    kind: 'try',
    list: context.compileList(task.try ?? [], `${pointer}/try`, locals),
    catch: {
      filter: handler.errors?.with,
      as,
      when: condition(handler.when, `${place}/when`, context, inner),
      exceptWhen: condition(handler.exceptWhen, `${place}/exceptWhen`, context, inner),
      retry:
        handler.retry === undefined
          ? undefined
          : compileRetry(handler.retry, `${place}/retry`, context, inner),
      list: handler.do && context.compileList(handler.do, `${place}/do`, inner),
      then: handler.then === undefined ? undefined : directive(handler.then, '/catch/then'),
    },
  };
}

/** A variable that a loop or a catch introduces. */
function variable(name: string, pointer: string, context: CompilerContext): string {
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    context.issues.add(
      pointer,
      `"${name}" cannot name a variable: use letters, digits and underscores`,
    );
  } else if (ARGUMENTS.has(name)) {
    context.issues.add(
      pointer,
      `"$${name}" is an argument of every expression; choose another name`,
    );
  }
  return name;
}

function compileCall(
  { task, pointer }: ActionPlace,
  context: CompilerContext,
  locals: readonly string[],
): Action {
  const name = task.call ?? '';
  if (name === 'http') return compileHttp(task.with ?? {}, `${pointer}/with`, context, locals);
  if (UNSUPPORTED_CALLS.includes(name)) {
    context.issues.unsupported(`${pointer}/call`, `The call "${name}"`);
    return NOTHING;
  }
  const functions = context.use.functions ?? {};
  if (Object.hasOwn(functions, name)) {
    const given = task.with ?? {};
    return {
      kind: 'callFunction',
      arguments: context.sites.template(given, `${pointer}/with`, STAGE, locals),
      list: pointerTo('/use/functions', name),
    };
  }
  if (/@|:\/\//.test(name)) {
    context.issues.unsupported(`${pointer}/call`, 'A function from a catalog or a URL');
  } else {
    context.issues.add(`${pointer}/call`, () => {
      const hint = didYouMean(name, [...Object.keys(functions), 'http']);
      return `There is no function "${name}" in use.functions${hint}`;
    });
  }
  return NOTHING;
}

function compileRun(
  { task, pointer }: ActionPlace,
  context: CompilerContext,
  locals: readonly string[],
): Action {
  const run = task.run ?? {};
  const process = (['container', 'script', 'shell'] as const).find((name) => run[name]);
  if (process || !run.workflow) {
    context.issues.unsupported(`${pointer}/run/${process}`, `Running a ${process}`);
    return NOTHING;
  }
  const { namespace, name, version, input } = run.workflow;
  const action: RunFlowAction = {
    kind: 'runFlow',
    flow: { namespace, name, version },
    input: context.sites.template(input ?? {}, `${pointer}/run/workflow/input`, STAGE, locals),
    await: run.await ?? true,
    returnsOutput: run.return !== 'none',
  };
  return action;
}
