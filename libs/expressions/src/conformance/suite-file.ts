/** A case of one of jq's own suites. */
export interface SuiteCase {
  /** Line of the program in the file, from 1. */
  readonly line: number;
  readonly program: string;
  /** undefined: the program must not compile. */
  readonly input: string | undefined;
  readonly outputs: readonly string[];
}

const isIgnored = (line: string) => line.trim() === '' || line.trimStart().startsWith('#');

/**
 * Reads jq's test format: program, input and outputs, a line each; groups end at a blank line.
 * `%%FAIL` marks a program that must not compile; the message after it is for people.
 */
export function readSuite(text: string): readonly SuiteCase[] {
  const lines = text.split('\n');
  const cases: SuiteCase[] = [];
  let at = 0;
  const rest = (): string[] => {
    const start = at;
    while (at < lines.length && !isIgnored(lines[at] as string)) at += 1;
    return lines.slice(start, at);
  };
  while (at < lines.length) {
    const line = lines[at] as string;
    if (isIgnored(line)) {
      at += 1;
    } else if (line.startsWith('%%FAIL')) {
      const program = lines[at + 1] ?? '';
      cases.push({ line: at + 2, program, input: undefined, outputs: [] });
      at += 2;
      while (at < lines.length && (lines[at] as string).trim() !== '') at += 1;
    } else {
      const place = at + 1;
      at += 2;
      const input = lines[place] ?? 'null';
      cases.push({ line: place, program: line, input, outputs: rest() });
    }
  }
  return cases;
}

/** Whether a case imports modules from files, which there are none of. */
export function importsFiles(program: string): boolean {
  return /^\s*(?:import|include)\b|\bmodulemeta\b/.test(program);
}
