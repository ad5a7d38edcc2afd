import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { CommandFailure, exitCodes } from './exit-codes';

/** A file of one command. */
interface CommandModule {
  register(program: Command): void;
}

const load = createRequire(__filename);

/** Every command with the module that defines it; a module is loaded only when its command is called. */
const commands: Readonly<Record<string, string>> = {
  run: '../run/run-command',
  eval: '../eval/eval-command',
  apply: './commands/apply',
  flows: './commands/flows',
  executions: './commands/executions',
  admin: './commands/admin',
  dev: './commands/dev',
  services: './commands/services',
  migrate: './commands/migrate',
};

/** These stop what they have started when they are interrupted; all others just end. */
const stopThemselves: ReadonlySet<string> = new Set(['dev', 'services', 'migrate']);
const onInterrupt = () => process.exit(exitCodes.interrupt);

/** The command line: parses the arguments (without node and script), runs the command and gives the exit code. */
export async function runProgram(args: readonly string[]): Promise<number> {
  const program = new Command('easyflow')
    .description('Run and manage flows of the Open Workflow DSL')
    .exitOverride();
  const [name = ''] = args;
  const known = Object.hasOwn(commands, name) ? [commands[name]] : Object.values(commands);
  for (const file of known) if (file) (load(file) as CommandModule).register(program);
  if (!stopThemselves.has(name)) process.on('SIGINT', onInterrupt);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? exitCodes.ok);
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (error instanceof CommandFailure) {
      if (error.message !== '') process.stderr.write(`${error.message}\n`);
      return error.exitCode;
    }
    throw error;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}
