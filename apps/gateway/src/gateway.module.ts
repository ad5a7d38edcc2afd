import { Module, type DynamicModule, type Type } from '@nestjs/common';
import type { IssuerPort } from '@easyflow/tenant-context';
import { AcceptanceService } from './acceptance/acceptance.service';
import { HintSender } from './acceptance/hint-sender';
import { SignalNotices } from './executions/signal-notices';
import { StartController } from './acceptance/start.controller';
import { TenantTopics } from './admin/tenant-topics';
import { TenantStatesController } from './admin/tenant-states.controller';
import { TenantsController } from './admin/tenants.controller';
import { TokenKeysController } from './admin/token-keys.controller';
import { ExecutionRepository } from './executions/execution.repository';
import { ExecutionsController } from './executions/executions.controller';
import { FlowRepository } from './flows/flow.repository';
import { FlowsController } from './flows/flows.controller';
import { FlowCache } from './flows/flow-cache';
import { RegistryClient } from './flows/registry-client';
import type { GatewayParts } from './gateway-parts';
import { MessagesController } from './messages/messages.controller';
import { WaitRegistry } from './results/wait-registry';
import { LoginThrottle } from './sessions/login-throttle';
import { ApiKeysController } from './sessions/api-keys.controller';
import { SessionsController } from './sessions/sessions.controller';
import { StatusController } from './status/status.controller';
import { StatusSource } from './status/status-source';
import { CLOCK, ISSUER } from './tokens';
import { UsageController } from './usage/usage.controller';
import { UsageRepository } from './usage/usage.repository';

/** What answers requests and hears messages. */
export const gatewayControllers: readonly Type[] = [
  StatusController,
  SessionsController,
  ApiKeysController,
  TenantsController,
  TenantStatesController,
  TokenKeysController,
  FlowsController,
  StartController,
  ExecutionsController,
  UsageController,
  MessagesController,
];

/** The controllers, and what they are given. */
@Module({})
export class GatewayModule {
  static with(parts: GatewayParts, issuer: IssuerPort): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [...gatewayControllers],
      providers: [
        { provide: ISSUER, useValue: issuer },
        { provide: CLOCK, useValue: parts.clock },
        { provide: AcceptanceService, useValue: parts.acceptance },
        { provide: ExecutionRepository, useValue: parts.executions },
        { provide: FlowRepository, useValue: parts.flows },
        { provide: HintSender, useValue: parts.hints },
        { provide: SignalNotices, useValue: parts.signalNotices },
        { provide: LoginThrottle, useValue: parts.logins },
        { provide: FlowCache, useValue: parts.flowCache },
        { provide: RegistryClient, useValue: parts.registry },
        { provide: StatusSource, useValue: parts.status },
        { provide: TenantTopics, useValue: parts.topics },
        { provide: UsageRepository, useValue: parts.usage },
        { provide: WaitRegistry, useValue: parts.waits },
      ],
    };
  }
}
