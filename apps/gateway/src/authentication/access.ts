import type { RouteAccess } from '@easyflow/contracts-http';
import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { UnexpectedError } from '@easyflow/kernel-errors';
import type { FastifyRequest } from 'fastify';
import type { Principal } from './principal';

/** Metadata key of `Access`. */
export const ACCESS = 'easyflow:access';

/** Who may call a handler. A handler without it is for tenants: forgetting it opens nothing. */
export const Access = (access: RouteAccess) => SetMetadata(ACCESS, access);

/** A request after the authentication guard. */
export interface AuthenticatedRequest extends FastifyRequest {
  principal?: Principal;
  /** The raw admin key, verified; only on admin routes. */
  adminKey?: string;
}

/** The verified tenant caller of the request. */
export const CallerPrincipal = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Principal => {
    const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (!principal) {
      throw new UnexpectedError(
        'gateway.no_principal',
        'A handler for tenants ran without a principal; remove its @Access or do not ask for the caller',
      );
    }
    return principal;
  },
);

/** The verified admin key of the request. */
export const AdminKey = createParamDecorator(
  (_data: unknown, context: ExecutionContext): string => {
    const { adminKey } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (adminKey === undefined) {
      throw new UnexpectedError(
        'gateway.no_admin',
        'A handler asked for the admin key outside an admin route; give it @Access("admin")',
      );
    }
    return adminKey;
  },
);
