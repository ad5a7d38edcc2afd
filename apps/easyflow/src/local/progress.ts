/** Says on standard error what a start is doing, one line a step, with the time since its beginning. */
export class Progress {
  private readonly began = performance.now();

  say(line: string): void {
    const seconds = ((performance.now() - this.began) / 1000).toFixed(1).padStart(5);
    process.stderr.write(`${seconds} s  ${line}\n`);
  }
}
