import type { OutgoingRecord } from '@easyflow/platform-messaging';
import { newId } from '@easyflow/kernel-ids';
import { logger, newTraceparent, withTraceparent } from '@easyflow/platform-telemetry';
import { EnvelopeSigner, type TenantToken } from '@easyflow/tenant-context';
import { generateKeyPairSync } from 'node:crypto';
import { HintSender } from './hint-sender';

const signer = new EnvelopeSigner({
  keyId: 'gateway-1',
  service: 'gateway',
  privateKey: generateKeyPairSync('ed25519').privateKey,
});

function tenants(count: number): TenantToken[] {
  return Array.from({ length: count }, () => ({
    tenantId: newId(),
    audience: 'ef_writer',
    placement: { kind: 'shared', schema: 'ef', epoch: 3 },
    expiresAt: 0,
    token: '',
  }));
}

function sender(options: { up?: boolean; fail?: boolean; missing?: string } = {}) {
  const missing = new Set(options.missing === undefined ? [] : [options.missing]);
  const sent: OutgoingRecord[] = [];
  const hints = new HintSender({
    transport: {
      isUp: () => options.up ?? true,
      send: async (records) => {
        if (options.fail || missing.has(records[0]?.topic ?? '')) throw new Error('down');
        sent.push(...records);
      },
      ensureTopics: async (topics) => {
        for (const topic of topics) missing.delete(topic);
      },
    },
    signer,
    logger: logger('test', { level: 'silent' }),
  });
  return { hints, sent };
}

describe('HintSender', () => {
  it('sends one signed hint for all tenants of a flush', async () => {
    const { hints, sent } = sender();
    hints.hint(tenants(20));
    await hints.close();
    expect(sent).toHaveLength(1);
    expect(sent[0]?.topic).toMatch(/^tenant_.*_events$/);
    expect(sent[0]?.value).toBe('{}');
    const claims = JSON.parse(
      Buffer.from(sent[0]?.headers['envelope'] ?? '', 'base64url').toString(),
    ) as object;
    expect(claims).toMatchObject({ type: 'hint', sender: 'gateway', epoch: 3 });
  });

  it('carries the trace of the request whose work it tells of, also when an earlier one is being sent', async () => {
    const { hints, sent } = sender();
    const traces = [newTraceparent(), newTraceparent()];
    for (const trace of traces) withTraceparent(trace, () => hints.hint(tenants(1)));
    while (sent.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await hints.close();
    expect(sent.map(({ headers }) => headers['traceparent']?.slice(0, 35))).toEqual(
      traces.map((trace) => trace.slice(0, 35)),
    );
  });

  it('gathers hints while one is sent or it pauses, and takes turns', async () => {
    const { hints, sent } = sender();
    const [first, ...others] = tenants(4);
    hints.hint(first ? [first] : []);
    for (const one of others) hints.hint([one]);
    while (sent.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await hints.close();
    expect(sent).toHaveLength(2);
  });

  it('makes a topic that could not be made when its tenant was', async () => {
    const [tenant] = tenants(1);
    const topic = `tenant_${tenant?.tenantId}_events`;
    const { hints, sent } = sender({ missing: topic });
    hints.hint(tenant ? [tenant] : []);
    await hints.close();
    expect(sent.map((record) => record.topic)).toEqual([topic]);
  });

  it('sends nothing while the transport is down, and survives a failure', async () => {
    const down = sender({ up: false });
    down.hints.hint(tenants(1));
    await down.hints.close();
    expect(down.sent).toEqual([]);
    const failing = sender({ fail: true });
    failing.hints.hint(tenants(1));
    await expect(failing.hints.close()).resolves.toBeUndefined();
  });
});
