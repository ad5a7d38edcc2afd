import { spawn, type ChildProcess } from 'node:child_process';
import { plainEnvironment, program } from './shape';

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningCommand {
  child: ChildProcess;
  ended: Promise<CommandResult>;
}

/** Starts `easyflow …` as a shell in this folder would. */
export function startCommand(
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string>; stdin?: string },
): RunningCommand {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: options.cwd,
    env: { ...plainEnvironment(), NO_COLOR: '1', ...options.env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  child.stdin.end(options.stdin ?? '');
  const ended = new Promise<CommandResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...output }));
  });
  return { child, ended };
}

/** Runs `easyflow …` to its end. */
export function command(
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string>; stdin?: string },
): Promise<CommandResult> {
  return startCommand(args, options).ended;
}
