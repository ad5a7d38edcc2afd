import { ApiClient } from './api-client';

describe('ApiClient', () => {
  it('says which header cannot be sent, instead of that no server answers', async () => {
    const client = new ApiClient({ url: 'http://127.0.0.1:9', apiKey: 'ключ' });
    const refused = (header: string) => ({
      exitCode: 2,
      message: expect.stringContaining(`header "${header}" cannot be sent`),
    });
    await expect(client.request('/v1/flows')).rejects.toMatchObject(refused('authorization'));
    const headers = { 'idempotency-key': '日本' };
    await expect(
      new ApiClient({ url: 'http://127.0.0.1:9' }).request('/v1/flows', { headers }),
    ).rejects.toMatchObject(refused('idempotency-key'));
  });
});
