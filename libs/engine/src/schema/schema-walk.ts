import type { Json } from '@easyflow/expressions';
import { pointerTo } from '../document/json-pointer';
import { didYouMean } from './closest';
import type { SchemaNode, SchemaObject } from './json-schema';
import { taskKind } from './task-kind';
import { kindName, typeProblem, valueProblem } from './value-checks';

/** Something the schema forbids. `weight` ranks the branches of a `oneOf`: the lightest is what was meant. */
export interface Problem {
  pointer: string;
  message: string;
  weight: number;
}

/** Problems, and the keys of an object that some keyword has looked at. */
interface Outcome {
  problems: Problem[];
  known: Set<string>;
  /** Every key any tried keyword names: what a misspelt key may have meant. */
  named: Set<string>;
}

/** A branch of another type, or with another discriminating constant, is not the branch that was meant. */
const WRONG_TYPE = 1_000;
const WRONG_CONSTANT = 500;
const MISSING_KEY = 100;
const UNKNOWN_KEY = 10;
const OTHER = 1;

const TASK = '#/$defs/task';
const DURATION = '#/$defs/duration';

/**
 * Walks a value along a JSON schema and says what is wrong where. Unlike a general validator, which reports
 * every branch of every `oneOf`, it first finds the branch that was meant: by the keyword of a task, else by
 * the weight of what is wrong. Its verdict equals that of a full validator (a test compares them).
 */
export class SchemaWalk {
  constructor(private readonly root: SchemaObject) {}

  problems(value: Json): Problem[] {
    return this.check(this.root, value, '').problems;
  }

  private check(schema: SchemaNode, value: Json, pointer: string): Outcome {
    const outcome: Outcome = { problems: [], known: new Set(), named: new Set() };
    if (typeof schema === 'boolean') {
      if (!schema) add(outcome, pointer, 'is not allowed here', OTHER);
      return outcome;
    }
    const wrongType = typeProblem(schema, value);
    if (wrongType !== undefined) {
      add(outcome, pointer, wrongType, WRONG_TYPE);
      return outcome;
    }
    if (schema.$ref !== undefined) merge(outcome, this.reference(schema.$ref, value, pointer));
    if (schema.const !== undefined && schema.const !== value) {
      add(outcome, pointer, `must be ${JSON.stringify(schema.const)}`, WRONG_CONSTANT);
    }
    const wrongValue = valueProblem(schema, value);
    if (wrongValue !== undefined) add(outcome, pointer, wrongValue, OTHER);
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        if (schema.items === undefined) return;
        append(outcome, this.check(schema.items, item, pointerTo(pointer, index)).problems);
      });
    } else if (typeof value === 'object' && value !== null) {
      this.checkKeys(schema, value, pointer, outcome);
    }
    this.checkCombinations(schema, value, pointer, outcome);
    this.checkUnevaluated(schema, value, pointer, outcome);
    return outcome;
  }

  private reference(reference: string, value: Json, pointer: string): Outcome {
    if (reference === TASK) return this.task(value, pointer);
    if (reference === DURATION && (typeof value !== 'object' || value === null)) {
      return this.duration(value, pointer);
    }
    return this.check(this.resolve(reference), value, pointer);
  }

  private resolve(reference: string): SchemaNode {
    const found = this.root.$defs?.[reference.replace('#/$defs/', '')];
    if (found === undefined) throw new Error(`The schema has no ${reference}`);
    return found;
  }

  /** Goes straight to the definition of the task's kind: exactly one can match. */
  private task(value: Json, pointer: string): Outcome {
    const outcome: Outcome = { problems: [], known: new Set(), named: new Set() };
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      add(outcome, pointer, `A task must be a map, not ${kindName(value)}`, WRONG_TYPE);
      return outcome;
    }
    Object.keys(value).forEach((key) => outcome.known.add(key));
    const kind = taskKind(value);
    if (typeof kind === 'object') {
      add(outcome, pointer, kind.problem, OTHER);
      return outcome;
    }
    const definition = this.resolve(`#/$defs/${kind}Task`);
    const schema = kind === 'call' ? callBranch(definition, value.call ?? null) : definition;
    append(outcome, this.check(schema, value, pointer).problems);
    return outcome;
  }

  private duration(value: Json, pointer: string): Outcome {
    const outcome = this.check(this.resolve(DURATION), value, pointer);
    if (outcome.problems.length > 0) {
      const problem = `${JSON.stringify(value)} is not a duration; write ISO 8601 such as "PT30S", a map such as {seconds: 30}, or an expression`;
      outcome.problems = [{ pointer, message: problem, weight: OTHER }];
    }
    return outcome;
  }

  private checkKeys(
    schema: SchemaObject,
    value: { [key: string]: Json },
    pointer: string,
    outcome: Outcome,
  ): void {
    const has = (key: string): boolean => Object.hasOwn(value, key);
    for (const key of schema.required ?? []) {
      if (!has(key)) add(outcome, pointer, `"${key}" is missing`, MISSING_KEY);
    }
    for (const [key, others] of Object.entries(schema.dependentRequired ?? {})) {
      const missing = has(key) ? others.filter((other) => !has(other)) : [];
      for (const other of missing) {
        add(outcome, pointer, `"${key}" is only allowed together with "${other}"`, OTHER);
      }
    }
    const properties = schema.properties ?? {};
    for (const [key, property] of Object.entries(properties)) {
      if (property !== false) outcome.named.add(key);
      if (!has(key)) continue;
      outcome.known.add(key);
      append(outcome, this.check(property, value[key] ?? null, pointerTo(pointer, key)).problems);
    }
    const additional = schema.additionalProperties;
    if (additional === undefined) return;
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(properties, key)) continue;
      outcome.known.add(key);
      append(outcome, this.check(additional, value[key] ?? null, pointerTo(pointer, key)).problems);
    }
  }

  private checkCombinations(
    schema: SchemaObject,
    value: Json,
    pointer: string,
    outcome: Outcome,
  ): void {
    for (const part of schema.allOf ?? []) merge(outcome, this.check(part, value, pointer));
    if (schema.anyOf) {
      const tried = schema.anyOf.map((branch) => this.check(branch, value, pointer));
      const passed = tried.filter((branch) => branch.problems.length === 0);
      for (const branch of passed.length > 0 ? passed : [lightest(tried, pointer)])
        merge(outcome, branch);
    }
    if (schema.oneOf) {
      const tried = schema.oneOf.map((branch) => this.check(branch, value, pointer));
      const passed = tried.filter((branch) => branch.problems.length === 0);
      if (passed.length > 1)
        add(outcome, pointer, 'is ambiguous: use only one of its forms', OTHER);
      merge(outcome, passed[0] ?? lightest(tried, pointer));
    }
    if (schema.not !== undefined && this.check(schema.not, value, pointer).problems.length === 0) {
      add(outcome, pointer, 'is not allowed here', WRONG_CONSTANT);
    }
    if (schema.if !== undefined) {
      const condition = this.check(schema.if, value, pointer);
      const met = condition.problems.length === 0;
      if (met) merge(outcome, condition);
      const consequence = met ? schema.then : schema.else;
      if (consequence !== undefined) merge(outcome, this.check(consequence, value, pointer));
    }
  }

  private checkUnevaluated(
    schema: SchemaObject,
    value: Json,
    pointer: string,
    outcome: Outcome,
  ): void {
    if (schema.unevaluatedProperties !== false) return;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    for (const key of Object.keys(value)) {
      if (outcome.known.has(key)) continue;
      outcome.known.add(key);
      const unused = [...outcome.named].filter((name) => !Object.hasOwn(value, name));
      add(
        outcome,
        pointerTo(pointer, key),
        `"${key}" is not a known key here${didYouMean(key, unused)}`,
        UNKNOWN_KEY,
      );
    }
  }
}

/** The branch of `callTask` whose constant is the called name; the one for custom functions otherwise. */
function callBranch(definition: SchemaNode, called: Json): SchemaNode {
  const branches = typeof definition === 'object' ? (definition.oneOf ?? []) : [];
  const constant = (branch: SchemaNode): Json | undefined => {
    const part = typeof branch === 'object' ? branch.allOf?.[1] : undefined;
    const call = typeof part === 'object' ? part.properties?.call : undefined;
    return typeof call === 'object' ? call.const : undefined;
  };
  return (
    branches.find((branch) => constant(branch) === called) ??
    branches.find((branch) => constant(branch) === undefined) ??
    definition
  );
}

function add(outcome: Outcome, pointer: string, message: string, weight: number): void {
  outcome.problems.push({ pointer, message, weight });
}

/** One by one: as arguments of one call, half a million problems do not fit on the stack. */
function append(outcome: Outcome, problems: readonly Problem[]): void {
  for (const problem of problems) outcome.problems.push(problem);
}

function merge(into: Outcome, from: Outcome): void {
  append(into, from.problems);
  from.known.forEach((key) => into.known.add(key));
  from.named.forEach((key) => into.named.add(key));
}

/** Of failed branches the one that was most likely meant; what is wrong deeper inside counts little. */
function lightest(branches: readonly Outcome[], pointer: string): Outcome {
  const weigh = (outcome: Outcome): number =>
    outcome.problems.reduce((sum, problem) => {
      const depth = problem.pointer.slice(pointer.length).split('/').length - 1;
      const nested = depth > (problem.weight === WRONG_CONSTANT ? 1 : 0);
      return sum + (nested ? OTHER : problem.weight);
    }, 0);
  return branches.reduce((best, branch) => (weigh(branch) < weigh(best) ? branch : best));
}
