import { ApiClient, type Page } from '../client/api-client';
import type { ClientSettings } from '../client/client-settings';
import { sampleFlow } from './sample-flow';

/**
 * Applies the sample flow and runs it once, over the API as anyone would; nothing when the tenant has an execution
 * already.
 */
export async function ensureSample(
  settings: ClientSettings,
  say: (line: string) => void,
): Promise<void> {
  const client = new ApiClient(settings);
  const { body: page } = await client.request<Page<unknown>>('/v1/executions?limit=1');
  if (page.items.length > 0) return;
  await client.request('/v1/flows', {
    method: 'POST',
    document: { text: sampleFlow, mediaType: 'application/yaml' },
  });
  const { body } = await client.request<{ id: string; status: string; output?: unknown }>(
    '/v1/flows/samples/hello/executions',
    { method: 'POST', body: { input: { name: 'EasyFlow' } }, headers: { prefer: 'wait=20' } },
  );
  say(`sample execution ${body.id}: ${body.status}, ${JSON.stringify(body.output)}`);
}
