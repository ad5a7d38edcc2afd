import type { Shape } from './shape';

/** `it` that tells what the shape's processes said when the test fails. */
export function diagnosed(
  shape: () => Shape,
): (name: string, test: () => Promise<void>, timeoutMs?: number) => void {
  return (name, test, timeoutMs) =>
    it(
      name,
      async () => {
        try {
          await test();
        } catch (error) {
          process.stderr.write(
            `\n${name}: failed; the logs say\n${await shape().diagnosis('troubles')}\n`,
          );
          throw error;
        }
      },
      timeoutMs,
    );
}
