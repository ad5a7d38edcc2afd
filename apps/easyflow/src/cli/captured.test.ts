import { runProgram } from './program';

/** What a command printed and how it ended. */
export interface Captured {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command line in this process and captures what it prints. */
export async function captured(...args: string[]): Promise<Captured> {
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    jest.spyOn(process[stream], 'write').mockImplementation((text) => {
      printed[stream] += String(text);
      return true;
    }),
  );
  try {
    const code = await runProgram(args);
    return { code, ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
