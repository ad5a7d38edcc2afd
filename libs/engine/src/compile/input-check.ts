import { CpuAllowance, ExpressionInterrupted, type Json } from '@easyflow/expressions';
import { DataSchemaCompiler, type DataSchema } from '../data-schema/data-schema';
import type { DocumentIssue } from '../document/document-issue';
import { TurnInterrupted } from '../turn-interrupted';
import type { SchemaDefinition } from './definitions';
import { IssueList } from './issue-list';

/** Checks inputs of a flow, without the rest of its program. */
export interface InputCheck {
  /**
   * As `Program.validateInput`.
   * @throws TurnInterrupted when it takes more CPU than the budget
   * @throws NotForThisProcess when this version cannot read the schema
   */
  check(input: Json, budget?: { cpuMs?: number }): DocumentIssue[];
}

/**
 * The check of a flow's `input.schema` that was accepted with its document: compiled when it is first needed.
 * @throws FlowInvalidError where this version supports less than the one that accepted it
 */
export function loadInputCheck(definition: Json): InputCheck {
  const issues = new IssueList(() => undefined);
  const compiler = new DataSchemaCompiler(issues, true);
  const schema = compiler.compile(definition as unknown as SchemaDefinition, '/input/schema');
  issues.refuse();
  return { check: (input, budget) => inputIssues(schema, input, budget) };
}

export function inputIssues(
  schema: DataSchema | undefined,
  value: Json,
  { cpuMs }: { cpuMs?: number } = {},
): DocumentIssue[] {
  const cpu = cpuMs === undefined ? undefined : new CpuAllowance(cpuMs);
  try {
    return schema?.check(value, cpu) ?? [];
  } catch (error) {
    if (!(error instanceof ExpressionInterrupted)) throw error;
    throw new TurnInterrupted('/input/schema', error.allowed, error);
  }
}
