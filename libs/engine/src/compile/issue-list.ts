import type { DocumentIssue } from '../document/document-issue';

/** Collects the issues of one document, each with the line of its pointer. */
export class IssueList {
  private readonly found: DocumentIssue[] = [];

  constructor(private readonly line: (pointer: string) => number | undefined) {}

  /** `pointer` in plain form: `/do/0/x`. */
  add(pointer: string, message: string): void {
    const line = this.line(`#${pointer}`);
    this.found.push({ pointer: `#${pointer}`, ...(line !== undefined && { line }), message });
  }

  /** For a part of the language that this version refuses to run. */
  unsupported(pointer: string, what: string): void {
    this.add(pointer, `${what} is not supported yet by this version of EasyFlow`);
  }

  all(): readonly DocumentIssue[] {
    return this.found;
  }
}
