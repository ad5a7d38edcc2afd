import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { LocalServerError } from './local-server-error';
import { hasCode } from './process-identity';
import { findProgram, missingProgram } from './programs';
import { runCommand } from './run-command';
import { exists } from './server-folder';

/** The Apache Kafka that is run. */
export const kafkaVersion = '4.2.0';

/** Kafka's own jars bring no logger, and without one a failed start says nothing. */
const artifacts = [
  ['org.apache.kafka', 'kafka_2.13', kafkaVersion],
  ['org.apache.kafka', 'kafka-server', kafkaVersion],
  ['org.slf4j', 'slf4j-simple', '1.7.36'],
];

/** The folder with Kafka's jars, outside the checkout, so that clean clones share it. */
export function kafkaJarsFolder(): string {
  const caches = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache');
  return path.join(caches, 'easyflow', `kafka-${kafkaVersion}`);
}

/**
 * Fetches Kafka from Maven Central once; 43 MB. Throws LocalServerError when Maven is missing or
 * cannot fetch it.
 */
export async function ensureKafkaJars(log: (line: string) => void): Promise<string> {
  const target = kafkaJarsFolder();
  if (await exists(target)) return target;
  const maven = await findProgram('mvn');
  if (!maven) throw missingProgram('mvn');
  log(`fetching Apache Kafka ${kafkaVersion} from Maven Central into ${target}`);
  const draft = `${target}.${randomUUID()}`;
  await mkdir(draft, { recursive: true });
  try {
    const pom = path.join(draft, 'pom.xml');
    const jars = path.join(draft, 'jars');
    await writeFile(pom, projectFile());
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${jars}`];
    const result = await runCommand(maven, ['-q', '-B', '-f', pom, ...goal]);
    if (result.code !== 0) {
      throw new LocalServerError(
        `Maven could not fetch Apache Kafka:\n${result.output.trim().split('\n').slice(-15).join('\n')}`,
        'check that this machine reaches Maven Central (~/.m2/settings.xml names mirrors and ' +
          'proxies), or point EasyFlow at a Kafka of your own.',
      );
    }
    await rename(jars, target);
  } catch (error) {
    // Another start may have been faster.
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return target;
}

function projectFile(): string {
  const dependencies = artifacts.map(
    ([group, artifact, version]) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
  );
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0">',
    '<modelVersion>4.0.0</modelVersion>',
    '<groupId>io.easyflow</groupId><artifactId>kafka-jars</artifactId><version>1</version>',
    '<packaging>pom</packaging>',
    `<dependencies>${dependencies.join('')}</dependencies>`,
    '</project>',
  ].join('\n');
}
