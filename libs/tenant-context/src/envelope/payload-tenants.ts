import { UserError } from '@easyflow/kernel-errors';

/**
 * The tenants that a payload names at its top: `tenantId` of a control message, the extension attribute
 * `tenantid` of each CloudEvent of a batch. Empty where a payload names none.
 * @throws UserError `envelope.payload_mismatch` when the payload is not JSON
 */
export function* payloadTenants(value: string): Generator<unknown> {
  for (const item of itemsOf(value)) {
    if (typeof item !== 'object' || item === null) continue;
    if ('tenantId' in item) yield item.tenantId;
    if ('tenantid' in item) yield item.tenantid;
  }
}

function itemsOf(value: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed : [parsed];
  } catch (cause) {
    throw new UserError('envelope.payload_mismatch', 'The payload is not JSON', {
      status: 403,
      cause,
    });
  }
}
