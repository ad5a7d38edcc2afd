// A rule of ours: a pattern that can take more than linear time runs over no bytes of others, so over none at all. What
// it judges by is in pattern-automaton.mjs; patterns.spec.ts runs every pattern over texts made to slow it down.
import { superlinear } from './pattern-automaton.mjs';

/** Patterns that the rule judges too hard, and why each is linear all the same. */
export const exceptions = new Map([
  [
    String.raw`#(?:\\(?:\\|\r?\n)|[^\r\n]|\r(?!\n))*`,
    'the loop may end after each round, and its lookahead fails within one character',
  ],
]);

const judged = new Map();

/** Why the pattern may not be used; undefined when it may. */
export function faultOf(source, flags) {
  if (exceptions.has(source)) return undefined;
  const key = `${flags}/${source}`;
  if (!judged.has(key)) judged.set(key, superlinear(source, flags));
  return judged.get(key);
}

export const linearPattern = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      slow: 'This pattern can take more than linear time: {{reason}}. Make its loops read different characters, begin it with ^, or scan by hand.',
      hidden:
        'A pattern that is made when the program runs cannot be judged. Write it as a literal.',
    },
  },
  create(context) {
    const check = (node, source, flags) => {
      const reason = faultOf(source, flags);
      if (reason) context.report({ node, messageId: 'slow', data: { reason } });
    };
    const checkCall = (node) => {
      if (node.callee.type !== 'Identifier' || node.callee.name !== 'RegExp') return;
      const [source, flags] = node.arguments;
      const isText = (part) => part?.type === 'Literal' && typeof part.value === 'string';
      if (isText(source) && (flags === undefined || isText(flags))) {
        check(node, source.value, flags?.value ?? '');
      } else context.report({ node, messageId: 'hidden' });
    };
    return {
      Literal(node) {
        if (node.regex) check(node, node.regex.pattern, node.regex.flags);
      },
      NewExpression: checkCall,
      CallExpression: checkCall,
    };
  },
};
