import { PROGRAMS, readConfig } from '@easyflow/platform-config';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { rolesOf } from './service-roles';

interface ComposeService {
  readonly command?: readonly string[];
  readonly environment?: Record<string, string>;
  readonly secrets?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly healthcheck?: { test?: readonly string[]; disable?: boolean };
  readonly depends_on?: Record<string, unknown>;
}
interface Compose {
  readonly services: Record<string, ComposeService>;
  readonly secrets: Record<string, unknown>;
}

const folder = path.join(__dirname, '..', '..', 'docker');
const compose = parse(readFileSync(path.join(folder, 'compose.yaml'), 'utf8'), {
  merge: true,
}) as Compose;
const dependencies = ['postgres', 'kafka', 'redis'];

/** The services of ours with the program that each runs; a second executor is a service of its own. */
const ours = Object.entries(compose.services)
  .filter(([name]) => !dependencies.includes(name) && name !== 'migrate')
  .map(([name, service]) => {
    const program = /^apps\/([a-z-]+)\/dist\/main\.js$/.exec(service.command?.[0] ?? '')?.[1] ?? '';
    return { name, service, program };
  });

describe('the compose file', () => {
  it('runs every service, and an executor more', () => {
    expect(ours.map(({ program }) => program).sort()).toEqual(
      [...Object.keys(rolesOf), 'executor'].sort(),
    );
  });

  it.each(ours)('gives $name the passwords and files of its own only', ({ service, program }) => {
    const passwords = Object.keys(service.environment ?? {})
      .map((name) => /^EASYFLOW_DATABASE_PASSWORD_(.*)$/.exec(name)?.[1]?.toLowerCase())
      .filter((role) => role !== undefined);
    expect(passwords.sort()).toEqual(rolesOf[program]);
    const files = program === 'issuer' ? ['signing-key.pem', 'workloads.json'] : [];
    expect(service.secrets).toEqual([`${program}.pem`, ...files]);
    expect(Object.keys(compose.secrets)).toEqual(
      expect.arrayContaining([...(service.secrets ?? [])]),
    );
  });

  it.each(ours)('tells $name all that it needs to start', ({ service, program }) => {
    const known = PROGRAMS.find((each) => each === program);
    if (!known) throw new Error(`${program} is no program`);
    expect(readConfig(known, service.environment)).toMatchObject({ service: program });
  });

  it('gives each process of a program a slot of its own', () => {
    const owners = ours.map(
      ({ program, service }) => `${program}/${service.environment?.['EASYFLOW_SLOT'] ?? '0'}`,
    );
    expect(new Set(owners).size).toBe(owners.length);
  });

  it('keeps the administrator of Postgres to the migrations', () => {
    const holders = Object.entries(compose.services)
      .filter(([, service]) => JSON.stringify(service).includes('EASYFLOW_POSTGRES_PASSWORD'))
      .map(([name]) => name);
    expect(holders.sort()).toEqual(['migrate', 'postgres']);
  });

  it('checks the health of all and locks ours down', () => {
    for (const [name, { healthcheck }] of Object.entries(compose.services))
      if (name !== 'migrate') {
        expect(healthcheck?.test?.[0]).toBe('CMD');
        expect(healthcheck?.test?.every((argument) => typeof argument === 'string')).toBe(true);
      }
    for (const { service } of ours) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
      expect(service.depends_on).toHaveProperty('migrate');
    }
  });

  it('takes its secrets from an environment file that the example lists whole', () => {
    const text = readFileSync(path.join(folder, 'compose.yaml'), 'utf8');
    const example = readFileSync(path.join(folder, '.env.example'), 'utf8');
    const used = [...text.matchAll(/\$\{(\w+)(:-)?/g)].filter(([, , fallback]) => !fallback);
    expect(used.length).toBeGreaterThan(9);
    for (const [, name] of used) expect(example).toContain(`\n${name}=`);
  });
});
