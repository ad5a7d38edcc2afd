import { ExpressionSyntaxError } from '../errors';
import { builtinOf } from '../builtins';
import { preludeDefinition } from '../builtins/prelude';
import type { Ast, Definition, Pattern } from '../syntax/ast';
import type { Json } from '../values/json';
import { operations } from '../values/operations';
import { Index, Iterate } from './access';
import { Assign, Modify, Update } from './assign';
import { Comma, Identity, Literal, Pipe, Scoped, Variable } from './basic';
import { Bind, Foreach } from './bindings';
import { Destructuring, type SlotPart, type SlotPattern } from './destructuring';
import { Call, Callable, ParameterUse, passNode, ValueCall, type ValueFunction } from './calls';
import { ArrayOf, Format, Interpolation, ObjectOf, type Entry } from './construct';
import { Break, If, Label, Try } from './control';
import { hasLocals, variablesOf } from './locals';
import { ONE, type Card, type Node } from './node';
import { Alternative, Binary, Logic, Negate } from './operators';
import { Reduce } from './reduce';
import { FrameLayout, keys, lookUp, type Scope } from './scope';

type Of<K extends Ast['kind']> = Extract<Ast, { kind: K }>;

const operationOfUpdate = (operator: Of<'update'>['operator']): ((a: Json, b: Json) => Json) =>
  operator === '//'
    ? (old, value) => (old === null || old === false ? value : old)
    : operations[operator];

/** Turns syntax trees into nodes: names become slots, calls become functions or builtins. */
export class Resolver {
  /** `place` is where errors are said to be, for code that is not in the source itself. */
  constructor(
    private readonly source: string,
    private readonly place?: number,
    /** What `modulemeta` answers. */
    private readonly describeModule?: ValueFunction,
  ) {}

  private fail(message: string, at: number): never {
    throw new ExpressionSyntaxError(message, this.source, at);
  }

  /** The node of a syntax tree in a scope; its variables live in frames of this layout. */
  resolve(ast: Ast, scope: Scope | undefined, layout: FrameLayout): Node {
    const inner = (part: Ast) => this.resolve(part, scope, layout);
    const at = this.place ?? ast.at;
    switch (ast.kind) {
      case 'identity':
        return new Identity(at);
      case 'literal':
        return new Literal(ast.value, at);
      case 'string':
        return new Interpolation(
          ast.parts.map((part) => (typeof part === 'string' ? part : inner(part))),
          ast.format ?? 'text',
          at,
        );
      case 'format':
        return new Format(ast.name, at);
      case 'index':
        return new Index(inner(ast.target), inner(ast.key), ast.optional, at);
      case 'slice': {
        const bound = (name: string, part: Ast | undefined): Entry => ({
          key: new Literal(name, at),
          value: part === undefined ? new Literal(null, at) : inner(part),
        });
        const key = new ObjectOf([bound('start', ast.from), bound('end', ast.to)], at);
        return new Index(inner(ast.target), key, ast.optional, at);
      }
      case 'iterate':
        return new Iterate(inner(ast.target), ast.optional, at);
      case 'array':
        return ast.body === undefined ? new Literal([], at) : new ArrayOf(inner(ast.body), at);
      case 'object':
        return this.object(ast, inner);
      case 'negate':
        return new Negate(inner(ast.body), at);
      case 'pipe':
        return new Pipe(inner(ast.left), inner(ast.right));
      case 'comma':
        return new Comma(inner(ast.left), inner(ast.right));
      case 'binary':
        return new Binary(ast.operator, inner(ast.left), inner(ast.right), at);
      case 'logic':
        return new Logic(ast.operator, inner(ast.left), inner(ast.right), at);
      case 'alternative':
        return new Alternative(inner(ast.left), inner(ast.right), at);
      case 'assign':
        return new Assign(inner(ast.left), inner(ast.right), at);
      case 'modify':
        return new Modify(inner(ast.left), this.argument(ast.right, scope, layout), at);
      case 'update': {
        const operation = operationOfUpdate(ast.operator);
        return new Update(inner(ast.left), inner(ast.right), operation, at);
      }
      case 'if': {
        const otherwise = ast.else === undefined ? new Identity(at) : inner(ast.else);
        return new If(inner(ast.condition), inner(ast.then), otherwise, at);
      }
      case 'try':
        return new Try(
          inner(ast.body),
          ast.handler === undefined ? undefined : inner(ast.handler),
          at,
        );
      case 'reduce':
      case 'foreach':
        return this.loop(ast, scope, layout);
      case 'bind': {
        const source = inner(ast.source);
        const bound = this.bind(ast.patterns, scope, layout);
        const body = this.resolve(ast.body, bound.scope, layout);
        return new Bind(source, bound.destructuring, body, at);
      }
      case 'define':
        return this.resolve(ast.body, this.define(ast.definition, scope, layout), layout);
      case 'label': {
        const slot = layout.allocate();
        const name = keys.label(ast.name);
        const labelled: Scope = { name, meaning: { kind: 'label', slot }, layout, parent: scope };
        return new Label(slot, this.resolve(ast.body, labelled, layout), at);
      }
      case 'break': {
        const found = lookUp(scope, keys.label(ast.name));
        if (found?.meaning.kind !== 'label') {
          this.fail(`$*label-${ast.name} is not defined`, at);
        }
        return new Break(layout.level - found.layout.level, found.meaning.slot, at);
      }
      case 'variable':
        return this.variable(ast.name, at, scope, layout);
      case 'call':
        return this.call(ast, scope, layout);
    }
  }

  private object(ast: Of<'object'>, inner: (part: Ast) => Node): Node {
    const { at } = ast;
    if (ast.entries.length === 0) return new Literal({}, at);
    const entries = ast.entries.map(({ key: keyAst, value }): Entry => {
      const key = inner(keyAst);
      if (value !== undefined) return { key, value: inner(value) };
      // `{a}` and `{"a b"}`: the input's value at that key.
      if (!(key instanceof Literal)) return { key, value: undefined };
      return { key, value: new Index(new Identity(keyAst.at), key, false, keyAst.at) };
    });
    return new ObjectOf(entries, at);
  }

  private loop(
    ast: Of<'reduce'> | Of<'foreach'>,
    scope: Scope | undefined,
    layout: FrameLayout,
  ): Node {
    const source = this.resolve(ast.source, scope, layout);
    const init = this.resolve(ast.init, scope, layout);
    const { scope: bound, destructuring } = this.bind(ast.patterns, scope, layout);
    const update = this.resolve(ast.update, bound, layout);
    if (ast.kind === 'reduce') return new Reduce(source, destructuring, init, update, ast.at);
    const extract =
      ast.extract === undefined ? undefined : this.resolve(ast.extract, bound, layout);
    return new Foreach(source, destructuring, init, update, extract, ast.at);
  }

  private bind(
    patterns: readonly Pattern[],
    outside: Scope | undefined,
    layout: FrameLayout,
  ): { scope: Scope | undefined; destructuring: Destructuring } {
    let scope = outside;
    const slots = new Map<string, number>();
    for (const name of patterns.flatMap(variablesOf)) {
      if (slots.has(name)) continue;
      const slot = layout.allocate();
      slots.set(name, slot);
      const meaning = { kind: 'variable', slot } as const;
      scope = { name: keys.variable(name), meaning, layout, parent: scope };
    }
    const convert = (pattern: Pattern, taken: Set<string>): SlotPattern => {
      // A variable that a pattern names twice keeps what it got first.
      const slotOf = (name: string): number => {
        if (taken.has(name)) return layout.allocate();
        taken.add(name);
        return slots.get(name) as number;
      };
      if (pattern.kind === 'variable') return { kind: 'variable', slot: slotOf(pattern.name) };
      const parts: SlotPart[] =
        pattern.kind === 'array'
          ? // jq looks at the last element first.
            Array.from(pattern.items.entries())
              .reverse()
              .map(([i, item]) => ({
                key: new Literal(i, item.at),
                slot: undefined,
                pattern: convert(item, taken),
              }))
          : pattern.entries.map(({ key, variable, value }) => ({
              key: this.resolve(key, outside, layout),
              slot: variable === undefined ? undefined : slotOf(variable),
              pattern: value === undefined ? undefined : convert(value, taken),
            }));
      return { kind: 'parts', parts, at: pattern.at };
    };
    const converted = patterns.map((pattern) => convert(pattern, new Set()));
    const destructuring = new Destructuring(converted, [...slots.values()]);
    return { scope, destructuring };
  }

  private variable(name: string, at: number, scope: Scope | undefined, layout: FrameLayout): Node {
    const found = lookUp(scope, keys.variable(name));
    if (found?.meaning.kind === 'variable') {
      return new Variable(layout.level - found.layout.level, found.meaning.slot, at);
    }
    if (found?.meaning.kind === 'constant') return new Literal(found.meaning.value, at);
    if (name === 'ENV') return new Literal({}, at);
    return this.fail(`$${name} is not defined`, at);
  }

  /** The scope after a definition. */
  define(definition: Definition, scope: Scope | undefined, layout: FrameLayout): Scope {
    const name = keys.function(definition.name, definition.parameters.length);
    const callables = new Map<string, Callable>();
    const meaning = { kind: 'function', definition, callables } as const;
    return { name, meaning, layout, parent: scope };
  }

  /** An argument that a node may run again while it runs. */
  private argument(ast: Ast, scope: Scope | undefined, layout: FrameLayout): Node {
    if (!hasLocals(ast)) return this.resolve(ast, scope, layout);
    return new Scoped(this.resolve(ast, scope, new FrameLayout(layout.level + 1)));
  }

  private call(ast: Of<'call'>, scope: Scope | undefined, layout: FrameLayout): Node {
    const at = this.place ?? ast.at;
    const arity = ast.arguments.length;
    const name = keys.function(ast.name, arity);
    const found = lookUp(scope, name);
    if (found === undefined) return this.builtin(ast, name, scope, layout);
    const depth = layout.level - found.layout.level;
    if (found.meaning.kind === 'parameter') {
      return new ParameterUse(found.meaning.card, depth, found.meaning.slot, at);
    }
    const given = ast.arguments.map((argument) => this.argument(argument, scope, layout));
    return new Call(this.callable(found, given), depth, given.map(passNode), at);
  }

  private builtin(
    ast: Of<'call'>,
    name: string,
    scope: Scope | undefined,
    layout: FrameLayout,
  ): Node {
    const at = this.place ?? ast.at;
    const builtin = builtinOf(name);
    const given = () => ast.arguments.map((part) => this.argument(part, scope, layout));
    const fromPrelude = (): Node | undefined => {
      const definition = preludeDefinition(name);
      if (definition === undefined) return undefined;
      const prelude = new Resolver(this.source, at);
      const home = prelude.define(definition, undefined, new FrameLayout(0));
      const nodes = given();
      const callable = prelude.callable(home, nodes);
      return new Call(callable, layout.level, nodes.map(passNode), at);
    };
    if (builtin !== undefined) {
      if (builtin.kind === 'value') {
        if (name === 'modulemeta/0' && this.describeModule !== undefined) {
          return new ValueCall(this.describeModule, [], ONE, at);
        }
        return new ValueCall(builtin.run, given(), builtin.card, at);
      }
      const made = builtin.make(given(), at);
      if (made !== undefined) return made;
    }
    return fromPrelude() ?? this.fail(`${name} is not defined`, at);
  }

  /** The function for arguments with these numbers of outputs. */
  private callable(found: Scope, given: readonly Node[]): Callable {
    if (found.meaning.kind !== 'function') throw new TypeError('not a function');
    const { definition, callables } = found.meaning;
    const cards = given.map(({ card }) => card);
    const key = cards.join('');
    const known = callables.get(key);
    if (known !== undefined) return known;
    const callable = new Callable();
    callables.set(key, callable);
    for (;;) {
      // Assume that a recursive call has one output; widen until that holds.
      const body = this.body(definition, cards, found.home ?? found);
      callable.body = body;
      if (body.card <= callable.card) break;
      callable.card = body.card;
    }
    callable.isOpen = false;
    return callable;
  }

  private body(definition: Definition, cards: readonly Card[], home: Scope): Node {
    const layout = new FrameLayout(home.layout.level + 1);
    let scope: Scope = home;
    let { body } = definition;
    definition.parameters.forEach((parameter, i) => {
      const slot = layout.allocate();
      const card = cards[i] as Card;
      scope = {
        name: keys.function(parameter.name, 0),
        meaning: { kind: 'parameter', slot, card },
        layout,
        parent: scope,
      };
    });
    for (const parameter of definition.parameters.toReversed()) {
      if (!parameter.byValue) continue;
      const { name } = parameter;
      const { at } = definition;
      const source: Ast = { kind: 'call', name, arguments: [], at };
      body = { kind: 'bind', source, patterns: [{ kind: 'variable', name, at }], body, at };
    }
    return this.resolve(body, scope, layout);
  }
}
