import path from 'node:path';
import { command } from './command.mjs';

const script = path.join(import.meta.dirname, 'starts.lua');

/**
 * A closed loop of callers that start executions for a while: one thread, so that the generator takes what a real
 * caller would take of another machine as little as it can.
 * @returns {Promise<{requests: number, refused: number, broken: number, seconds: number, p50: number, p99: number}>}
 */
export async function wrk({ url, target, keyFile, callers, seconds, prefer }) {
  const output = await command('wrk', [
    '--threads=1',
    `--connections=${callers}`,
    `--duration=${seconds}s`,
    '--timeout=30s',
    `--script=${script}`,
    url,
    '--',
    keyFile,
    target.path,
    target.body,
    prefer ?? '-',
  ]);
  const line = /^RESULT (.*)$/m.exec(output);
  if (!line) throw new Error(`wrk printed no result: ${output}`);
  return JSON.parse(line[1]);
}
