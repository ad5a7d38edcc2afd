/** The line of a text with a caret under a column; both count from 1, the column in UTF-16 units. */
export function caret(text: string, line: number, column: number): string {
  const shown = text.split('\n')[line - 1] ?? '';
  // Tabs stay tabs, so that the caret stands under its character however wide they are shown.
  const indent = shown.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
  return `  ${shown}\n  ${indent}^`;
}
