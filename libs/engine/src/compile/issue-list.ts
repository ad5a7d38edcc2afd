import { pointerFragment } from '@easyflow/kernel-errors';
import { FlowInvalidError, MOST_ISSUES, type DocumentIssue } from '../document/document-issue';

/** Collects the issues of one document, each with the line of its pointer; the first ones are kept, all are counted. */
export class IssueList {
  private readonly found: DocumentIssue[] = [];
  private count = 0;

  constructor(private readonly line: (pointer: string) => number | undefined) {}

  /** `pointer` in plain form: `/do/0/x`. A message that is costly to write is a function. */
  add(pointer: string, message: string | (() => string)): void {
    this.count += 1;
    if (this.count > MOST_ISSUES) return;
    const fragment = pointerFragment(pointer);
    const line = this.line(fragment);
    this.found.push({
      pointer: fragment,
      ...(line !== undefined && { line }),
      message: typeof message === 'string' ? message : message(),
    });
  }

  /** For a part of the language that this version refuses to run. */
  unsupported(pointer: string, what: string): void {
    this.add(pointer, `${what} is not supported yet by this version of EasyFlow`);
  }

  /** Throws what has been found, if anything. @throws FlowInvalidError */
  refuse(): void {
    if (this.count > 0) throw new FlowInvalidError(this.found, this.count);
  }
}
