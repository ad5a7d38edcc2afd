import { BoundedOutput } from '@easyflow/platform-telemetry';

/**
 * Says on standard error what a start is doing, one line a step, with the time since its beginning. A server says what
 * it does for as long as it runs: nobody has to read it.
 */
export class Progress {
  private readonly began = performance.now();
  private readonly output = new BoundedOutput(2, {
    noteOf: (dropped) => `${dropped} lines could not be written\n`,
  });

  say(line: string): void {
    const seconds = ((performance.now() - this.began) / 1000).toFixed(1).padStart(5);
    this.print(`${seconds} s  ${line}\n`);
  }

  /** Text as it is. */
  print(text: string): void {
    this.output.write(text);
  }
}
