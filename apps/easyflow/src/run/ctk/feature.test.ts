/** A step of a scenario: its text without the keyword, and the block of text below it. */
export interface Step {
  text: string;
  block: string | undefined;
}

export interface Scenario {
  name: string;
  steps: Step[];
}

const KEYWORD = /^(?:Given|When|Then|And|But)\s+(.*)$/;

/** Reads the part of Gherkin that the specification's features use: scenarios, steps and doc strings. */
export function readFeature(text: string): Scenario[] {
  const scenarios: Scenario[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at]?.trim() ?? '';
    const name = /^Scenario:\s*(.*)$/.exec(line)?.[1];
    const step = KEYWORD.exec(line)?.[1];
    const scenario = scenarios.at(-1);
    if (name !== undefined) scenarios.push({ name, steps: [] });
    else if (line.startsWith('"""')) {
      const end = lines.findIndex((other, index) => index > at && other.trim() === '"""');
      if (end < 0) throw new Error(`The block at line ${at + 1} does not end`);
      const last = scenario?.steps.at(-1);
      if (!last) throw new Error(`The block at line ${at + 1} belongs to no step`);
      last.block = unindent(lines.slice(at + 1, end), lines[at] ?? '');
      at = end;
    } else if (scenario && step !== undefined)
      scenario.steps.push({ text: step, block: undefined });
    else if (scenario && line !== '' && !line.startsWith('#')) {
      throw new Error(`Line ${at + 1} is no step: ${line}`);
    }
  }
  return scenarios;
}

/** Doc strings are indented as far as the quotes that open them. */
function unindent(lines: readonly string[], opening: string): string {
  const indent = opening.length - opening.trimStart().length;
  return lines
    .map((line) => line.slice(Math.min(indent, line.length - line.trimStart().length)))
    .join('\n');
}
