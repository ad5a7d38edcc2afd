import { UserError } from '@easyflow/kernel-errors';

/** Something wrong in a document or in an input. */
export interface DocumentIssue {
  /** URI fragment: `#/do/0/x`. */
  pointer: string;
  /** 1-based line of the source text, where there is one. */
  line?: number;
  message: string;
}

/** How many issues an error carries at most: a document that is wrong everywhere needs no longer list. */
export const MOST_ISSUES = 50;

/** Characters of all issues that are told after the first: a place may lie below names of a megabyte. */
const MOST_CHARACTERS = 100_000;

function firstOf(issues: readonly DocumentIssue[]): DocumentIssue[] {
  let characters = 0;
  return issues.slice(0, MOST_ISSUES).filter(({ pointer, message }, index) => {
    characters += pointer.length + message.length;
    return index === 0 || characters <= MOST_CHARACTERS;
  });
}

/**
 * The text is not YAML 1.2 or JSON, or is too deep, or expands too far: nothing about its meaning
 * can be said. Thrown by `parseDocument`.
 */
export class DocumentSyntaxError extends UserError {
  readonly issues: readonly DocumentIssue[];

  constructor(issues: readonly DocumentIssue[]) {
    const kept = firstOf(issues);
    super('document.malformed', kept[0]?.message ?? 'The document is malformed', {
      status: 400,
      errors: kept,
    });
    this.issues = kept;
  }
}

/** The document is well-formed but is not a flow that can run. Thrown by `compileFlow`. */
export class FlowInvalidError extends UserError {
  readonly issues: readonly DocumentIssue[];

  /** `total` counts the issues that are left out too. */
  constructor(issues: readonly DocumentIssue[], total = issues.length) {
    const kept = firstOf(issues);
    const first = kept[0];
    const more = total > 1 ? ` (and ${total - 1} more)` : '';
    super('flow.invalid', `The flow is invalid: ${first?.pointer} ${first?.message}${more}`, {
      status: 422,
      errors: kept,
    });
    this.issues = kept;
  }
}
