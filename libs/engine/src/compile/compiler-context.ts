import type { DataSchemaCompiler } from '../data-schema/data-schema';
import { didYouMean } from '../schema/closest';
import type { FlowDefinition, TaskListDefinition } from './definitions';
import type { IssueList } from './issue-list';
import type { TaskList, TaskNode } from './program';
import type { SiteCompiler } from './sites';

/** What every part of the compiler needs of the document that is being compiled. */
export interface CompilerContext {
  readonly issues: IssueList;
  readonly sites: SiteCompiler;
  readonly schemas: DataSchemaCompiler;
  readonly use: NonNullable<FlowDefinition['use']>;
  readonly lists: Map<string, TaskList>;
  readonly tasks: Map<string, TaskNode>;
  /** Compiles the tasks of a scope; `locals` are the variables of the loops and catches around it. */
  compileList(definition: TaskListDefinition, pointer: string, locals: readonly string[]): TaskList;
}

/** A reusable component by name; an issue when there is none. */
export function reusable<T>(
  context: CompilerContext,
  kind: 'authentications' | 'errors' | 'functions' | 'retries' | 'timeouts',
  name: string,
  pointer: string,
): T | undefined {
  const components = context.use[kind] ?? {};
  if (Object.hasOwn(components, name)) return components[name] as T;
  context.issues.add(pointer, () => {
    const hint = didYouMean(name, Object.keys(components));
    return `There is no "${name}" in use.${kind}${hint}`;
  });
  return undefined;
}
