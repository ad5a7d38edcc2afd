import { assertion, op, type Instruction, type LoopPlan, type Program } from './program';
import { CharSet, caseForms, classSet, ignoringCase, propertySet } from './char-set';
import { parse, type Node, type OnigurumaAst } from './onig-parser.mjs';
import { refusePattern, toRubySyntax, type RegexFlags } from './syntax';

type Of<T extends Node['type']> = Extract<Node, { type: T }>;
type Alternative = Of<'Alternative'>;

/** The options in force where a node stands. */
interface Mode {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
}

/** No pattern may grow beyond this many instructions. */
const mostInstructions = 200_000;

const newline = 0x0a;

class Compiler {
  private readonly code: Instruction[] = [];
  private readonly names: (string | undefined)[] = [undefined];
  private readonly groupNodes: Of<'CapturingGroup'>[] = [];
  private readonly calls: { index: number; ref: string | number; mode: Mode }[] = [];
  private readonly routines = new Map<number, number>();
  private registers = 0;

  run(ast: OnigurumaAst, mode: Mode): Program {
    this.collect(ast);
    this.alternatives(ast.body, mode);
    this.emit(op.match);
    // Routines are compiled when they are first called, and may call others.
    for (let call = this.calls.pop(); call !== undefined; call = this.calls.pop()) {
      this.link(call.index, call.ref, call.mode);
    }
    return {
      code: this.code,
      groups: this.groupNodes.length,
      names: this.names,
      registers: this.registers,
      first: this.first(),
    };
  }

  /** What every match begins with, as far as the first instructions show. */
  private first(): number | CharSet | undefined {
    const start = this.code.find((instruction) => instruction.op !== op.save);
    if (start?.op === op.char) return start.a;
    const isRepeated =
      start?.op === op.greedy || start?.op === op.possessive || start?.op === op.lazy;
    if (start?.op === op.set || (isRepeated && start.a > 0)) return start.set;
    return undefined;
  }

  private collect(node: Node): void {
    if (node.type === 'CapturingGroup') {
      this.groupNodes[node.number - 1] = node;
      this.names[node.number] = node.name;
    }
    if ('body' in node) {
      const { body } = node;
      if (Array.isArray(body)) for (const inner of body) this.collect(inner);
      else this.collect(body);
    }
  }

  private emit(code: number, fields: Partial<Instruction> = {}): number {
    if (this.code.length >= mostInstructions) refusePattern('too big pattern');
    const base = { a: 0, b: 0, set: undefined, groups: [], ignoreCase: false, plan: undefined };
    this.code.push({ op: code, ...base, ...fields });
    return this.code.length - 1;
  }

  private patch(index: number, fields: { a?: number; b?: number }): void {
    Object.assign(this.code[index] as Instruction, fields);
  }

  private get here(): number {
    return this.code.length;
  }

  private alternatives(list: readonly Alternative[], outside: Mode): void {
    let mode = outside;
    const jumps: number[] = [];
    list.forEach((alternative, i) => {
      const isLast = i === list.length - 1;
      const split = isLast ? -1 : this.emit(op.split);
      if (!isLast) this.patch(split, { a: this.here });
      // Options set inside an alternative also hold in those after it.
      mode = this.sequence(alternative, mode);
      if (!isLast) {
        jumps.push(this.emit(op.jump));
        this.patch(split, { b: this.here });
      }
    });
    for (const jump of jumps) this.patch(jump, { a: this.here });
  }

  private sequence(alternative: Alternative, outside: Mode): Mode {
    let mode = outside;
    for (const node of alternative.body) {
      if (node.type === 'Directive') {
        if (node.kind === 'keep') this.emit(op.save, { a: 0 });
        else mode = withFlags(mode, node.flags);
      } else this.node(node, mode);
    }
    return mode;
  }

  private node(node: Node, mode: Mode): void {
    const set = singleSet(node, mode);
    if (set !== undefined) {
      if (typeof set === 'number') this.emit(op.char, { a: set });
      else this.emit(op.set, { set });
      return;
    }
    switch (node.type) {
      case 'Assertion':
        this.assertion(node);
        break;
      case 'Backreference':
        this.backreference(node, mode);
        break;
      case 'CapturingGroup':
        this.emit(op.save, { a: 2 * node.number });
        this.alternatives(node.body, mode);
        this.emit(op.save, { a: 2 * node.number + 1 });
        break;
      case 'Group':
        this.group(node, mode);
        break;
      case 'LookaroundAssertion': {
        const kind = node.kind === 'lookahead' ? op.lookahead : op.lookbehind;
        this.inner(kind, node.body, mode, node.negate ? 1 : 0);
        break;
      }
      case 'AbsenceFunction':
        this.inner(op.absence, node.body, mode, 0);
        break;
      case 'Quantifier':
        this.quantifier(node, mode);
        break;
      case 'Subroutine':
        this.calls.push({ index: this.emit(op.call), ref: node.ref, mode });
        break;
      case 'CharacterSet':
        this.variableSet(node);
        break;
      default:
        refusePattern(`${node.type} is not supported`);
    }
  }

  private group(node: Of<'Group'>, outside: Mode): void {
    const mode = node.flags === undefined ? outside : withFlags(outside, node.flags);
    if (node.atomic === true) this.inner(op.atomic, node.body, mode, 0);
    else this.alternatives(node.body, mode);
  }

  /** Code that is run as a whole by the instruction before it. */
  private inner(code: number, body: readonly Alternative[], mode: Mode, b: number): void {
    const start = this.emit(code, { b });
    this.alternatives(body, mode);
    this.emit(code === op.lookbehind ? op.endHere : op.end);
    this.patch(start, { a: this.here });
  }

  private assertion(node: Of<'Assertion'>): void {
    const negated = node.negate === true;
    const kinds = {
      string_start: assertion.stringStart,
      string_end: assertion.stringEnd,
      string_end_newline: assertion.stringEndNewline,
      line_start: assertion.lineStart,
      line_end: assertion.lineEnd,
      search_start: assertion.searchStart,
      word_boundary: negated ? assertion.notWordBoundary : assertion.wordBoundary,
      text_segment_boundary: negated ? assertion.notSegmentBoundary : assertion.segmentBoundary,
    };
    this.emit(op.assert, { a: kinds[node.kind] });
  }

  private backreference(node: Of<'Backreference'>, mode: Mode): void {
    const groups =
      typeof node.ref === 'number'
        ? [node.ref]
        : this.names.flatMap((name, i) => (name === node.ref ? [i] : []));
    if (groups.some((group) => group > this.groupNodes.length)) {
      refusePattern('invalid backref number/name');
    }
    this.emit(op.backreference, { groups: groups.reverse(), ignoreCase: mode.ignoreCase });
  }

  /** `\R` and `\X`, which match more than one character. */
  private variableSet(node: Of<'CharacterSet'>): void {
    if (node.kind === 'newline') {
      // \r\n, not to be given back, or any one line break
      const breaks = new CharSet(
        (c) => (c >= 10 && c <= 13) || c === 0x85 || c === 0x2028 || c === 0x2029,
      );
      const start = this.emit(op.atomic);
      const split = this.emit(op.split);
      this.patch(split, { a: this.here });
      this.emit(op.char, { a: 0x0d });
      this.emit(op.char, { a: newline });
      const jump = this.emit(op.jump);
      this.patch(split, { b: this.here });
      this.emit(op.set, { set: breaks });
      this.patch(jump, { a: this.here });
      this.emit(op.end);
      this.patch(start, { a: this.here });
      return;
    }
    const marks = propertySet('M') as CharSet;
    this.emit(op.set, { set: new CharSet(() => true) });
    const set = new CharSet((c) => c === 0x200d || marks.has(c));
    this.emit(op.possessive, { a: 0, b: Infinity, set });
  }

  private quantifier(node: Of<'Quantifier'>, mode: Mode): void {
    const { min, kind } = node;
    const max = node.max ?? Infinity;
    if (isAnchor(node.body)) refusePattern('target of repeat operator is invalid');
    const set = singleSet(node.body, mode);
    if (set !== undefined) {
      const members = typeof set === 'number' ? new CharSet((c) => c === set) : set;
      this.emit(op[kind], { a: min, b: max, set: members });
      return;
    }
    if (kind === 'possessive') {
      const start = this.emit(op.atomic);
      this.loop(node, min, max, false, mode);
      this.emit(op.end);
      this.patch(start, { a: this.here });
    } else this.loop(node, min, max, kind === 'lazy', mode);
  }

  private loop(node: Of<'Quantifier'>, min: number, max: number, lazy: boolean, mode: Mode): void {
    const counter = this.registers;
    this.registers += 2;
    const plan: LoopPlan = { counter, start: counter + 1, min, max, lazy, exit: 0 };
    this.emit(op.reset, { a: counter });
    const start = this.emit(op.loop, { plan });
    this.node(node.body, mode);
    const end = this.emit(op.next, { a: start, plan });
    plan.exit = this.here;
    this.patch(end, { b: plan.exit });
  }

  private link(index: number, ref: string | number, mode: Mode): void {
    const group = typeof ref === 'number' ? ref : this.names.findIndex((name) => name === ref);
    const node = this.groupNodes[group - 1];
    if (node === undefined) refusePattern('undefined group reference');
    let start = this.routines.get(group);
    if (start === undefined) {
      start = this.here;
      this.routines.set(group, start);
      this.node(node, mode);
      this.emit(op.return);
    }
    this.patch(index, { a: start });
  }
}

/** Whether a node is nothing but an anchor or a lookaround, perhaps in groups. */
function isAnchor(node: Node): boolean {
  if (node.type === 'Assertion' || node.type === 'LookaroundAssertion') return true;
  if (node.type !== 'Group' || node.body.length !== 1) return false;
  const elements = node.body[0]?.body ?? [];
  return elements.length === 1 && isAnchor(elements[0] as Node);
}

function withFlags(mode: Mode, flags: { enable?: Partial<Mode>; disable?: Partial<Mode> }): Mode {
  const flag = (name: keyof Mode) =>
    flags.disable?.[name] === true ? false : flags.enable?.[name] === true || mode[name];
  return { ignoreCase: flag('ignoreCase'), dotAll: flag('dotAll') };
}

/** The code point or set that a node matches one of; undefined: it is another kind of node. */
function singleSet(node: Node, mode: Mode): number | CharSet | undefined {
  if (node.type === 'Character') {
    const { value } = node;
    if (!mode.ignoreCase) return value;
    const forms = caseForms(value);
    return forms.length === 1 ? value : new CharSet((c) => forms.includes(c));
  }
  if (node.type === 'CharacterClass') {
    const set = classOf(node, mode);
    return mode.ignoreCase && !node.negate ? ignoringCase(set) : set;
  }
  if (node.type === 'CharacterSet' && node.variableLength !== true) return setOf(node, mode);
  return undefined;
}

function setOf(node: Of<'CharacterSet'>, mode: Mode): CharSet {
  const negated = node.negate === true;
  switch (node.kind) {
    case 'any':
      return new CharSet(() => true);
    case 'dot':
      return new CharSet((c) => mode.dotAll || c !== newline);
    case 'newline':
      return new CharSet((c) => (c === newline) !== negated);
    default:
      break;
  }
  const name = node.value ?? node.kind;
  const set = node.kind === 'property' ? propertySet(name) : classSet(name);
  if (set === undefined) refusePattern(`invalid character property name {${name}}`);
  return negated ? new CharSet((c) => !set.has(c)) : set;
}

function classOf(node: Of<'CharacterClass'>, mode: Mode): CharSet {
  const parts = node.body.map((part): CharSet => {
    if (part.type === 'CharacterClassRange') {
      const { min, max } = part;
      return new CharSet((c) => c >= min.value && c <= max.value);
    }
    const set = singleSet(part, { ...mode, ignoreCase: false });
    if (set === undefined) refusePattern('invalid char-class element');
    return typeof set === 'number' ? new CharSet((c) => c === set) : set;
  });
  const isUnion = node.kind === 'union';
  const has = (c: number) =>
    isUnion ? parts.some((part) => part.has(c)) : parts.every((part) => part.has(c));
  if (!node.negate) return new CharSet(has);
  if (!mode.ignoreCase) return new CharSet((c) => !has(c));
  return new CharSet((c) => !caseForms(c).some(has));
}

/** The parser's complaints, in Oniguruma's words. */
const complaints: readonly (readonly [RegExp, string])[] = [
  [/Quantifier requires/, 'target of repeat operator is not specified'],
  [/out of order/, 'empty range in char class'],
  [/Unclosed group/, 'end pattern with unmatched parenthesis'],
  [/Unclosed character class/, 'premature end of char-class'],
  [/Incomplete escape/, 'end pattern at escape'],
  [/unsupported group option/, 'undefined group option'],
  [/[Uu]nknown Unicode property/, 'invalid character property name'],
  [/not defined/, 'invalid backref number/name'],
  [/POSIX class/, 'invalid POSIX bracket type'],
];

function translated(message: string): string {
  return complaints.find(([pattern]) => pattern.test(message))?.[1] ?? message;
}

/** Compiles a pattern. Raises jq's error where it is none. */
export function compileRegex(pattern: string, flags: RegexFlags): Program {
  const ruby = toRubySyntax(pattern, flags);
  const letters = `${flags.ignoreCase ? 'i' : ''}${flags.dotAll ? 'm' : ''}${flags.extended ? 'x' : ''}`;
  let ast: OnigurumaAst;
  try {
    ast = parse(ruby, {
      flags: letters,
      rules: { captureGroup: true },
      skipBackrefValidation: true,
      skipLookbehindValidation: true,
      skipPropertyNameValidation: true,
    });
  } catch (error) {
    if (error instanceof RangeError) return refusePattern('too deeply nested pattern');
    return refusePattern(translated(error instanceof Error ? error.message : String(error)));
  }
  return new Compiler().run(ast, { ignoreCase: flags.ignoreCase, dotAll: flags.dotAll });
}
