import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { CommandFailure, exitCodes } from '../cli/exit-codes';

/** Where the server is and what opens it. */
export interface ClientSettings {
  url: string;
  apiKey?: string;
  adminKey?: string;
}

/** What the command's flags say; a flag wins over everything else. */
export type ClientFlags = Partial<ClientSettings>;

/** The variables the client reads. */
export type ClientEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * Precedence: flags, EASYFLOW_URL/_API_KEY/_ADMIN_KEY, `easyflow.yaml`, the user's configuration, and last
 * the local server's own file. Credentials are never taken from a weaker source than the URL they would be
 * sent to: a key found beside another server's address stays there.
 * @throws CommandFailure (usage) when no source names a server, or one cannot be read
 */
export async function readClientSettings(
  flags: ClientFlags,
  environment: ClientEnvironment,
  folder = process.cwd(),
): Promise<ClientSettings> {
  const sources: ClientFlags[] = [
    flags,
    {
      url: environment['EASYFLOW_URL'],
      apiKey: environment['EASYFLOW_API_KEY'],
      adminKey: environment['EASYFLOW_ADMIN_KEY'],
    },
  ];
  for (const file of configurationFiles(folder, environment))
    sources.push(await readSettingsFile(file));
  sources.push(...(await localServers(folder)));

  const withUrl = sources.findIndex((source) => source.url !== undefined);
  const url = sources[withUrl]?.url;
  if (url === undefined) {
    throw new CommandFailure(
      exitCodes.usage,
      'no server is named and none runs here. Start one with `npm start`, or pass --url and set EASYFLOW_API_KEY.',
    );
  }
  if (!/^https?:\/\/[^/]/i.test(url) || !URL.canParse(url)) {
    throw new CommandFailure(
      exitCodes.usage,
      `"${url}" is not the address of a server; write it as http://host:port.`,
    );
  }
  const trusted = sources.slice(0, withUrl + 1);
  const apiKey = trusted.find((source) => source.apiKey !== undefined)?.apiKey;
  const adminKey = trusted.find((source) => source.adminKey !== undefined)?.adminKey;
  return {
    url: withoutLastSlashes(url),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(adminKey === undefined ? {} : { adminKey }),
  };
}

function withoutLastSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end -= 1;
  return url.slice(0, end);
}

function configurationFiles(folder: string, environment: ClientEnvironment): string[] {
  const configHome = environment['XDG_CONFIG_HOME'] ?? path.join(homedir(), '.config');
  return [path.join(folder, 'easyflow.yaml'), path.join(configHome, 'easyflow', 'config.yaml')];
}

/** The servers of this folder: one that was killed left its file, and comes after one that runs. */
async function localServers(folder: string): Promise<ClientFlags[]> {
  const names = ['dev.json', 'services.json'];
  const found = await Promise.all(
    names.map((name) => readSettingsFile(path.join(folder, '.easyflow', name))),
  );
  return [...found.filter(({ pid }) => pid !== undefined && runs(pid)), ...found];
}

/** Whether some process has this pid: enough to choose by, and quicker than to identify it. */
function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function readSettingsFile(file: string): Promise<ClientFlags & { pid?: number }> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new CommandFailure(exitCodes.usage, `${file} cannot be read: ${error.message}`);
  });
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new CommandFailure(exitCodes.usage, `${file} is not YAML or JSON: ${String(error)}`);
  }
  if (value === null) return {};
  if (typeof value !== 'object') {
    throw new CommandFailure(exitCodes.usage, `${file} must hold an object: url, apiKey, adminKey`);
  }
  const named = value as Record<string, unknown>;
  const field = (name: string) => (typeof named[name] === 'string' ? named[name] : undefined);
  const { pid } = named;
  return {
    url: field('url'),
    apiKey: field('apiKey'),
    adminKey: field('adminKey'),
    ...(typeof pid === 'number' ? { pid } : {}),
  };
}
