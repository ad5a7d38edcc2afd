import { closest } from './closest';

/** The twelve kinds of task, by the keyword that makes them one. */
export const TASK_KINDS = [
  'call',
  'do',
  'emit',
  'for',
  'fork',
  'listen',
  'raise',
  'run',
  'set',
  'switch',
  'try',
  'wait',
] as const;

export type TaskKind = (typeof TASK_KINDS)[number];

/** The kind of a task, or why it has none. `do` is also a part of `for`. */
export function taskKind(task: object): TaskKind | { problem: string } {
  const found = TASK_KINDS.filter((kind) => Object.hasOwn(task, kind));
  const kinds = found.includes('for') ? found.filter((kind) => kind !== 'do') : found;
  const [kind, another] = kinds;
  if (kind === undefined) {
    const meant = Object.keys(task).flatMap((key) => closest(key, TASK_KINDS) ?? []);
    const hint = meant.length > 0 ? `; did you mean "${meant[0]}"?` : '';
    return { problem: `A task needs one of ${TASK_KINDS.join(', ')}${hint}` };
  }
  if (another !== undefined) {
    return {
      problem: `One task cannot be ${kinds.map((name) => `"${name}"`).join(' and ')}; make them two tasks`,
    };
  }
  return kind;
}
