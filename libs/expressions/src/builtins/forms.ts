import { Index, Iterate } from '../compile/access';
import { Delete, GetPath, Modify, PathsOf } from '../compile/assign';
import { Empty, Identity, Literal, Pipe } from '../compile/basic';
import { ValueCall } from '../compile/calls';
import { First } from '../compile/control';
import { Last, Limit, MapOver, Quantifier, Raise, Sum } from '../compile/forms';
import { Loop, Range } from '../compile/loops';
import { Recurse, RecurseDefault, Walk } from '../compile/recursion';
import { MANY, ONE, type Node } from '../compile/node';
import { Select } from '../compile/select';
import { groupBy, maximumBy, minimumBy, sortBy, uniqueBy } from './arrays';
import { fromEntries, toEntries } from './objects';
import { KeyedBy } from './keyed';

/** Makes the node of a builtin that runs code it is given; undefined: see the prelude. */
export type Make = (given: readonly Node[], at: number) => Node | undefined;

const dot = (at: number) => new Identity(at);
const elements = (at: number) => new Iterate(dot(at), false, at);

function arg(given: readonly Node[], index: number): Node {
  return given[index] as Node;
}

function loop(kind: 'while' | 'until'): Make {
  return (given, at) => {
    const [condition, update] = [arg(given, 0), arg(given, 1)];
    if (condition.card === MANY || update.card === MANY) return undefined;
    return new Loop(condition, update, kind, at);
  };
}

/** The builtins that run code they are given. */
export const forms: Readonly<Record<string, Make>> = {
  'empty/0': (_, at) => new Empty(at),
  'error/1': (given, at) => new Raise(arg(given, 0), at),
  'map/1': (given, at) => new MapOver(arg(given, 0), at),
  'map_values/1': (given, at) => new Modify(elements(at), arg(given, 0), at),
  'select/1': (given, at) => new Select(arg(given, 0), at),
  'recurse/0': (_, at) => new RecurseDefault(at),
  'recurse/1': (given, at) => new Recurse(arg(given, 0), at),
  'first/0': (_, at) => new Index(dot(at), new Literal(0, at), false, at),
  'last/0': (_, at) => new Index(dot(at), new Literal(-1, at), false, at),
  'first/1': (given, at) => new First(arg(given, 0), at),
  'last/1': (given, at) => new Last(arg(given, 0), at),
  'limit/2': (given, at) => new Limit(arg(given, 0), arg(given, 1), at),
  'any/2': (given, at) => new Quantifier(arg(given, 0), arg(given, 1), true, at),
  'all/2': (given, at) => new Quantifier(arg(given, 0), arg(given, 1), false, at),
  'add/0': (_, at) => new Sum(elements(at), at),
  'add/1': (given, at) => new Sum(arg(given, 0), at),
  'range/1': (given, at) => new Range(new Literal(0, at), arg(given, 0), at),
  'range/2': (given, at) => new Range(arg(given, 0), arg(given, 1), at),
  'while/2': loop('while'),
  'until/2': loop('until'),
  'walk/1': (given, at) => (arg(given, 0).card === MANY ? undefined : new Walk(arg(given, 0), at)),
  'path/1': (given, at) => new PathsOf(arg(given, 0), at),
  'del/1': (given, at) => new Delete(arg(given, 0), at),
  'getpath/1': (given, at) => new GetPath(arg(given, 0), at),
  'sort_by/1': (given, at) => new KeyedBy(arg(given, 0), sortBy, at),
  'group_by/1': (given, at) => new KeyedBy(arg(given, 0), groupBy, at),
  'unique_by/1': (given, at) => new KeyedBy(arg(given, 0), uniqueBy, at),
  'min_by/1': (given, at) => new KeyedBy(arg(given, 0), minimumBy, at),
  'max_by/1': (given, at) => new KeyedBy(arg(given, 0), maximumBy, at),
  'with_entries/1': (given, at) => {
    const mapped = new MapOver(arg(given, 0), at);
    const back = new ValueCall(fromEntries, [], ONE, at);
    return new Pipe(new ValueCall(toEntries, [], ONE, at), new Pipe(mapped, back));
  },
};
