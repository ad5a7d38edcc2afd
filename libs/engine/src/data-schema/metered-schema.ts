import type { Json } from '@easyflow/expressions';
import { pointerTo } from '../document/json-pointer';
import { PatternRefused } from '../patterns/pattern-tree';
import { TextPattern } from '../patterns/text-pattern';
import { schemaBudget } from './schema-budget';

/** The keyword that is added to every part of a schema: what one look at the part costs, its inner parts aside. */
export const COST = 'x-easyflow-cost';

/** Parts and values a schema may hold: more take the validator's compiler seconds. */
const MOST_NODES = 20_000;

const IN_MAPS: ReadonlySet<string> = new Set([
  ...[
    'properties',
    'patternProperties',
    '$defs',
    'definitions',
    'dependentSchemas',
    'dependencies',
  ],
]);
const PARTS: ReadonlySet<string> = new Set([
  ...['items', 'additionalItems', 'unevaluatedItems', 'contains', 'prefixItems'],
  ...['additionalProperties', 'unevaluatedProperties', 'propertyNames'],
  ...['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else'],
]);
/** Their values are data, not schemas. */
const DATA: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples', 'required']);

/** Steps that all patterns of a schema may have. */
const MOST_PATTERN_STEPS = 50_000;

type Schema = { [key: string]: Json };

/** Told of what is wrong at a place of the schema; the pointer is plain, relative to it. */
export type SchemaProblem = (pointer: string, message: string) => void;

/**
 * A copy of a schema in which each part says what it costs, so that a check can be stopped. Patterns that cannot
 * be matched within bounds, and a size beyond them, are told, where there is somebody to tell.
 */
export function meteredSchema(schema: Json, problem?: SchemaProblem): Json {
  return new Metering(problem).part(schema, '', true);
}

class Metering {
  private nodes = 0;
  private patternSteps = 0;

  constructor(private readonly problem: SchemaProblem | undefined) {}

  /** `certain` is false below a keyword that is not known: there may be schemas to refer to, or anything. */
  part(schema: Json, pointer: string, certain: boolean): Json {
    if (!isMap(schema)) return schema;
    let cost = 1;
    const copied = Object.entries(schema).map(([key, value]): [string, Json] => {
      const place = pointerTo(pointer, key);
      const size = DATA.has(key) ? countOf(value) : childrenOf(value);
      cost += size;
      this.count(1 + size);
      if (certain && this.problem) this.checkPatterns(key, value, place);
      return [key, this.value(key, value, place, certain)];
    });
    return { ...Object.fromEntries(copied), [COST]: cost };
  }

  private value(key: string, value: Json, place: string, certain: boolean): Json {
    if (DATA.has(key)) return value;
    const isKnown = certain && PARTS.has(key);
    if (Array.isArray(value)) {
      return value.map((item, index) => this.part(item, pointerTo(place, index), isKnown));
    }
    if (!isMap(value) || !IN_MAPS.has(key)) return this.part(value, place, isKnown);
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        name,
        this.part(inner, pointerTo(place, name), certain),
      ]),
    );
  }

  private checkPatterns(key: string, value: Json, place: string): void {
    if (key === 'pattern' && typeof value === 'string') this.checkPattern(value, place);
    if (key !== 'patternProperties' || !isMap(value)) return;
    for (const source of Object.keys(value)) this.checkPattern(source, pointerTo(place, source));
  }

  private checkPattern(source: string, place: string): void {
    try {
      const before = this.patternSteps;
      if (before > MOST_PATTERN_STEPS) return;
      this.patternSteps += new TextPattern(source, schemaBudget).steps;
      if (this.patternSteps > MOST_PATTERN_STEPS) {
        this.problem?.(place, 'The patterns of the JSON schema are too large');
      }
    } catch (error) {
      if (!(error instanceof PatternRefused)) throw error;
      // What was refused may have taken as much time as what is too large.
      this.patternSteps += MOST_PATTERN_STEPS / 10;
      this.problem?.(place, `The pattern cannot be used: ${error.message}`);
    }
  }

  private count(nodes: number): void {
    const before = this.nodes;
    this.nodes += nodes;
    if (before <= MOST_NODES && this.nodes > MOST_NODES) {
      this.problem?.('', `The JSON schema holds over ${MOST_NODES} parts`);
    }
  }
}

function isMap(value: Json): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function childrenOf(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

function countOf(value: Json): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, inner) => sum + countOf(inner), 1);
}
