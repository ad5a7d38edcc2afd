import { UserError } from '@easyflow/kernel-errors';
import { isExpression, type Json } from '@easyflow/expressions';
import { parseDuration } from '@easyflow/kernel-time';
import type { DurationDefinition } from './definitions';
import type { IssueList } from './issue-list';
import type { DurationSite } from './program';
import type { SiteCompiler, Stage } from './sites';

/** A duration in milliseconds; 0 and an issue when it is none. */
export function compileFixedDuration(
  definition: DurationDefinition,
  pointer: string,
  issues: IssueList,
): number {
  try {
    return parseDuration(definition);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    issues.add(pointer, `${error.message}. Years and months have no fixed length`);
    return 0;
  }
}

/** A duration that may be an expression. */
export function compileDuration(
  definition: DurationDefinition,
  pointer: string,
  compiler: { issues: IssueList; sites: SiteCompiler },
  locals: readonly string[],
): DurationSite {
  const stage: Stage = 'the definition of a task';
  return typeof definition === 'string' && isExpression(definition, 'strict')
    ? compiler.sites.expression(definition, pointer, stage, locals)
    : compileFixedDuration(definition, pointer, compiler.issues);
}

/** What an expression for a duration gave, in milliseconds. @throws UserError `duration.invalid` */
export function durationOf(value: Json): number {
  return parseDuration(value);
}
