import 'reflect-metadata';
import { RpcErrorFilter, TransportStrategy } from '@easyflow/platform-messaging';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import type { GatewayDeps } from './gateway-deps';
import { GatewayModule } from './gateway.module';
import { GatewayParts } from './gateway-parts';
import { BodyReader } from './http/body-reader';
import { gatewayAdapter } from './http/fastify-adapter';
import { ProblemFilter } from './http/problem.filter';

export interface RunningGateway {
  /** Where it listens. */
  url: string;
  ready(): Promise<boolean>;
  /** Stops accepting, answers what is in flight, closes. */
  close(): Promise<void>;
}

const httpDefaults = {
  trustedProxies: [],
  requestTimeoutMs: 30_000,
  connections: 10_000,
  connectionsPerAddress: 1_000,
} as const;

/**
 * Starts the only HTTP entrance. It listens also while the database, the issuer or Kafka is down: requests that
 * need them are answered 503 until they are back.
 */
export async function startGateway(deps: GatewayDeps): Promise<RunningGateway> {
  const { settings, logger, transport, signer } = deps;
  const clock = deps.clock ?? (await deps.database.watch(logger));
  const parts = new GatewayParts({ ...deps, clock });
  const app = await NestFactory.create<NestFastifyApplication>(
    GatewayModule.with(parts, deps.issuer),
    gatewayAdapter({ ...httpDefaults, ...settings.http }),
    { logger: false, bodyParser: false },
  );
  // In this order: who it is, whether it may, and only then what it sends.
  app.useGlobalGuards(
    parts.authentication,
    parts.rateLimit,
    new BodyReader(settings.bodyLimitBytes),
  );
  app.useGlobalFilters(new ProblemFilter(logger));
  const messages = app.connectMicroservice({
    strategy: new TransportStrategy({
      transport,
      service: 'gateway',
      signer,
      verifier: parts.verifier(),
      log: logger,
      notices: true,
      replies: settings.slot,
    }),
  });
  messages.useGlobalFilters(new RpcErrorFilter());
  await parts.start();
  await app.startAllMicroservices();
  await app.listen({ port: settings.http.port, host: settings.http.host });
  const { port } = app.getHttpServer().address() as AddressInfo;
  const { host } = settings.http;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    parts.stopping = true;
    parts.waits.close();
    const cutOff = setTimeout(() => app.getHttpServer().closeAllConnections(), settings.drainMs);
    await app.close();
    clearTimeout(cutOff);
    await parts.close();
  };
  return {
    url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`,
    ready: async () => Object.values(await parts.status.readiness()).every(Boolean),
    close: () => (closing ??= close()),
  };
}
