import 'reflect-metadata';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { EasyFlowError } from '@easyflow/kernel-errors';
import {
  AssertionVerifier,
  IssuerCore,
  type DatabaseAccess,
  type SenderKey,
} from '@easyflow/tenant-context';
import { HealthController } from './operations/health.controller';
import { OperationsController } from './operations/operations.controller';
import { ProblemFilter } from './operations/problem.filter';
import { READINESS, type Readiness } from './operations/readiness';

/** What the issuer needs of a log. */
export interface IssuerLogger {
  error(fields: object, message: string): void;
}

export interface IssuerDependencies {
  core: IssuerCore;
  /** The workloads that may ask. */
  senderKeys: readonly SenderKey[];
  database: Pick<DatabaseAccess, 'ping'> & Partial<Pick<DatabaseAccess, 'health'>>;
  host: string;
  /** 0 lets the system choose. */
  port: number;
  logger: IssuerLogger;
}

export interface RunningIssuer {
  url: string;
  ready(): Promise<boolean>;
  /** Finishes the requests in flight. */
  close(): Promise<void>;
}

@Module({})
class IssuerModule {
  static of(core: IssuerCore, assertions: AssertionVerifier, readiness: Readiness): DynamicModule {
    return {
      module: IssuerModule,
      controllers: [OperationsController, HealthController],
      providers: [
        { provide: IssuerCore, useValue: core },
        { provide: AssertionVerifier, useValue: assertions },
        { provide: READINESS, useValue: readiness },
      ],
    };
  }
}

/** Starts the issuer's HTTP service. */
export async function startIssuer(dependencies: IssuerDependencies): Promise<RunningIssuer> {
  const { core, senderKeys, database, host, port, logger } = dependencies;
  const readiness: Readiness = async () => {
    const answers = await database.ping().then(
      () => true,
      (error: unknown) => {
        if (error instanceof EasyFlowError) return false;
        throw error;
      },
    );
    return { database: answers, ...database.health?.() };
  };
  const assertions = new AssertionVerifier(senderKeys, {
    clock: core.clock,
    use: (id, expiresAt) => core.useAssertion(id, expiresAt),
  });
  const application = await NestFactory.create<NestFastifyApplication>(
    IssuerModule.of(core, assertions, readiness),
    new FastifyAdapter({ bodyLimit: 65_536 }),
    { rawBody: true, logger: ['error', 'fatal'], abortOnError: false },
  );
  application.useGlobalFilters(
    new ProblemFilter((error) => logger.error({ err: error }, 'a request to the issuer failed')),
  );
  await application.listen(port, host);
  const url = await application.getUrl();
  const ready = async () => Object.values(await readiness()).every(Boolean);
  return { url, ready, close: () => application.close() };
}
