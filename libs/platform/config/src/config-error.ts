/** What is wrong with one variable. */
export interface ConfigProblem {
  variable: string;
  problem: string;
  fix: string;
}

/** Thrown at start when the environment cannot be used; names every problem at once and how to fix it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(
    readonly program: string,
    readonly problems: readonly ConfigProblem[],
  ) {
    const lines = problems.map(({ variable, problem, fix }) => `  ${variable} ${problem}; ${fix}.`);
    super(
      `${program} cannot start: ${problems.length === 1 ? 'a setting is' : `${problems.length} settings are`} wrong.\n` +
        `${lines.join('\n')}\nAll settings: docs/configuration.md`,
    );
  }
}
