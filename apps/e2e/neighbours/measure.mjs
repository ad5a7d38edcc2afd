import { fork } from 'node:child_process';
import path from 'node:path';
import { QuietTenant } from './quiet.mjs';

const program = path.join(import.meta.dirname, 'noisy-tenant.mjs');

async function createTenant({ url, adminKey }, name) {
  const answer = await fetch(`${url}/v1/admin/tenants`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`no tenant: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** A quiet tenant and a noisy one on a running shape, both with the default limits. */
export class Neighbours {
  #info;
  #quiet;
  #noisy;
  #child;
  #pace;
  #scale;

  /**
   * @param {{url: string, adminKey: string, databaseUrl: string}} info of the shape
   * @param {{pace: {rate: number, seconds: number}, scale: 'short' | 'long'}} options `pace` of the quiet tenant
   */
  static async open(info, { pace, scale }) {
    const quiet = await createTenant(info, 'quiet');
    const tenant = await QuietTenant.prepare(info.url, quiet.apiKey);
    // Node compiles its hot functions.
    await tenant.measure({ rate: 50, seconds: 3 });
    return new Neighbours(info, tenant, pace, scale);
  }

  constructor(info, quiet, pace, scale) {
    this.#info = info;
    this.#quiet = quiet;
    this.#pace = pace;
    this.#scale = scale;
    this.#child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /**
   * The quiet tenant before, beside and after a deed. Each deed is a new tenant's, so that none inherits the refusals
   * of another.
   */
  async measure(deed) {
    const { url, databaseUrl } = this.#info;
    this.#noisy = await createTenant(this.#info, deed.name);
    const { apiKey, id: tenantId } = this.#noisy;
    await this.#tell({
      command: 'prepare',
      deed: deed.name,
      url,
      apiKey,
      databaseUrl,
      tenantId,
      scale: this.#scale,
    });
    const before = await this.#quiet.measure(this.#pace);
    await this.#tell({ command: 'begin' });
    const beside = await this.#quiet.measure(this.#pace);
    await this.#tell({ command: 'stop' });
    const recovered = await this.#recovery(before);
    return { name: deed.name, title: deed.title, before, beside, recovered };
  }

  close() {
    this.#child.disconnect();
  }

  /** Seconds until a second's requests are as before: without a failure and at most three times as slow. */
  async #recovery(before) {
    const from = performance.now();
    const limit = Math.max(3 * before.p99, 50);
    while (performance.now() - from < 15_000) {
      const begun = performance.now();
      const { p99, failed } = await this.#quiet.measure({ ...this.#pace, seconds: 1 });
      if (failed === 0 && p99 <= limit) return (begun - from) / 1000;
    }
    return Infinity;
  }

  #tell(message) {
    return new Promise((resolve, reject) => {
      const exited = () => reject(new Error('the process of the noisy tenant has ended'));
      this.#child.once('exit', exited);
      this.#child.once('message', (answer) => {
        this.#child.off('exit', exited);
        if (answer.failed === undefined) resolve();
        else reject(new Error(`${message.command}: ${answer.failed}`));
      });
      this.#child.send(message);
    });
  }
}
