import 'reflect-metadata';
import { maySend } from '@easyflow/contracts-events';
import { startHealthServer } from '@easyflow/platform-http';
import { RpcErrorFilter, TransportClient, TransportStrategy } from '@easyflow/platform-messaging';
import { EnvelopeVerifier } from '@easyflow/tenant-context';
import { NestFactory } from '@nestjs/core';
import { lastValueFrom } from 'rxjs';
import type { FlowRegistryDeps } from './flow-registry-deps';
import { FlowRegistryModule } from './flow-registry.module';
import { DocumentChecker } from './flows/document-checker';
import { FlowVersionRepository } from './flows/flow-version.repository';
import { RequestHandler } from './requests/request-handler';

export interface RunningFlowRegistry {
  /** Of the health endpoints, where it has them. */
  url?: string;
  ready(): Promise<boolean>;
  /** Answers the requests in hand, then closes. */
  close(): Promise<void>;
}

/** Starts the service that validates flows, versions them immutably and says which version is active. */
export async function startFlowRegistry(deps: FlowRegistryDeps): Promise<RunningFlowRegistry> {
  const { database, issuer, logger, settings, signer, transport } = deps;
  const clock = deps.clock ?? (await database.watch(logger));
  const verifier = new EnvelopeVerifier({
    keys: () => issuer.senderKeys(),
    allowed: maySend,
    clock,
  });
  const messaging = { transport, service: 'flow-registry', signer, verifier, log: logger } as const;
  const client = new TransportClient({ ...messaging, slot: settings.slot });
  const documents = new DocumentChecker();
  const handler = new RequestHandler({
    database,
    issuer,
    flows: new FlowVersionRepository(clock),
    documents,
    announce: async (tenantId, { namespace, name, version }) => {
      const notice = { tenantId, namespace, name, version };
      try {
        await lastValueFrom(client.emit('flow.activated', notice), { defaultValue: undefined });
      } catch (error) {
        logger.warn(
          { err: error, tenantId },
          'an activation was not announced; caches find it late',
        );
      }
    },
  });
  const app = await NestFactory.createMicroservice(FlowRegistryModule.with(handler), {
    logger: false,
    strategy: new TransportStrategy({ ...messaging, requests: true }),
  });
  app.useGlobalFilters(new RpcErrorFilter());
  let listening = false;
  const checks = async () => ({
    ...(await database.checks()),
    transport: listening && transport.isUp(),
  });
  // Before the consumers: joining their groups takes seconds after a sudden death, and the process lives meanwhile.
  const health = settings.http && (await startHealthServer({ ...settings.http, checks }));
  await app.listen();
  listening = true;
  return {
    ...(health ? { url: health.url } : {}),
    ready: async () => Object.values(await checks()).every(Boolean),
    close: async () => {
      await app.close();
      await documents.close();
      await client.close();
      await health?.close();
    },
  };
}
