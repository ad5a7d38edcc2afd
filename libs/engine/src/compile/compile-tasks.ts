import { pointerTo } from '../document/json-pointer';
import { didYouMean } from '../schema/closest';
import { taskKind } from '../schema/task-kind';
import { compileAction } from './compile-action';
import { reusable, type CompilerContext } from './compiler-context';
import type {
  InputDefinition,
  JsonObject,
  OutputDefinition,
  TaskDefinition,
  TaskListDefinition,
  TimeoutDefinition,
} from './definitions';
import { compileDuration } from './durations';
import type { Action, DataStep, Directive, DurationSite, TaskList, TaskNode } from './program';
import type { Stage } from './sites';

/** Compiles a list of tasks. `locals` are the variables of the loops and catches around it. */
export function compileList(
  definition: TaskListDefinition,
  pointer: string,
  context: CompilerContext,
  locals: readonly string[],
): TaskList {
  const named = definition.flatMap((item, index) =>
    Object.entries(item).map(([name, task]) => ({ name, task, place: `${pointer}/${index}` })),
  );
  return compileNamed(named, pointer, context, locals);
}

/** Compiles tasks whose names and places are known, as one scope. */
export function compileNamed(
  named: readonly { name: string; task: TaskDefinition; place: string }[],
  pointer: string,
  context: CompilerContext,
  locals: readonly string[],
): TaskList {
  const places = new Map<string, number>();
  const tasks: TaskNode[] = [];
  const list: TaskList = { pointer, tasks };
  named.forEach(({ name, place }, index) => {
    const taskPointer = pointerTo(place, name);
    if (places.has(name)) {
      context.issues.add(taskPointer, `The name "${name}" is used twice in one list of tasks`);
    } else places.set(name, index);
  });
  named.forEach(({ name, task, place }, index) => {
    const taskPointer = pointerTo(place, name);
    const node = compileTask(
      { name, task, pointer: taskPointer, list, index, places },
      context,
      locals,
    );
    tasks.push(node);
    context.tasks.set(taskPointer, node);
  });
  context.lists.set(pointer, list);
  return list;
}

interface TaskPlace {
  name: string;
  task: TaskDefinition;
  pointer: string;
  list: TaskList;
  index: number;
  /** The tasks a `then` may name, and their places in the list. */
  places: ReadonlyMap<string, number>;
}

function compileTask(
  { name, task, pointer, list, index, places }: TaskPlace,
  context: CompilerContext,
  locals: readonly string[],
): TaskNode {
  const directive = (then: string, at: string): Directive =>
    compileDirective(then, pointer + at, places, context);
  const kind = taskKind(task);
  if (typeof kind === 'object') throw new Error(`${pointer} passed the schema without a kind`);
  const action = compileAction(kind, { task, pointer, directive }, context, locals);
  const output = compileStep(
    task.output,
    `${pointer}/output`,
    'the output of a task',
    context,
    locals,
  );
  const exported = compileStep(
    task.export,
    `${pointer}/export`,
    'the export of a task',
    context,
    locals,
  );
  return {
    name,
    pointer,
    definition: task as unknown as JsonObject,
    list,
    index,
    condition:
      task.if === undefined
        ? undefined
        : context.sites.expression(
            task.if,
            `${pointer}/if`,
            'a condition or the input of a task',
            locals,
          ),
    input: compileStep(
      task.input,
      `${pointer}/input`,
      'a condition or the input of a task',
      context,
      locals,
    ),
    output,
    export: exported,
    timeout: compileTimeout(task.timeout, `${pointer}/timeout`, context, locals),
    then: task.then === undefined ? { kind: 'continue' } : directive(task.then, '/then'),
    action,
    keepsInput: keepsInput(action, output, exported),
  };
}

/** Loops and tries read their input again by themselves, effects when they are built again after a crash. */
function keepsInput(action: Action, output: DataStep, exported: DataStep): boolean {
  return action.kind !== 'do' || Boolean(output.transform) || Boolean(exported.transform);
}

function compileDirective(
  then: string,
  pointer: string,
  places: ReadonlyMap<string, number>,
  context: CompilerContext,
): Directive {
  if (then === 'continue' || then === 'exit' || then === 'end') return { kind: then };
  const index = places.get(then);
  if (index !== undefined) return { kind: 'goto', index };
  context.issues.add(pointer, () => {
    const hint = didYouMean(then, ['continue', 'exit', 'end', ...places.keys()]);
    return `There is no task "${then}" in the same list of tasks${hint}`;
  });
  return { kind: 'continue' };
}

/** A schema and a transformation of data. */
export function compileStep(
  definition: InputDefinition | OutputDefinition | undefined,
  pointer: string,
  stage: Stage,
  context: CompilerContext,
  locals: readonly string[],
): DataStep {
  if (!definition) return {};
  const [key, value] =
    'from' in definition ? ['from', definition.from] : ['as', (definition as OutputDefinition).as];
  const schema =
    definition.schema && context.schemas.compile(definition.schema, `${pointer}/schema`);
  return {
    ...(schema && { schema }),
    ...(value !== undefined && {
      transform: context.sites.transformation(value, `${pointer}/${key}`, stage, locals),
    }),
  };
}

/** A timeout: written in place, or one of `use.timeouts` by name. */
export function compileTimeout(
  written: string | TimeoutDefinition | undefined,
  place: string,
  context: CompilerContext,
  locals: readonly string[],
): DurationSite | undefined {
  if (written === undefined) return undefined;
  const isName = typeof written === 'string';
  const definition = isName
    ? reusable<TimeoutDefinition>(context, 'timeouts', written, place)
    : written;
  const pointer = isName ? pointerTo('/use/timeouts', written) : place;
  return definition && compileDuration(definition.after, `${pointer}/after`, context, locals);
}
