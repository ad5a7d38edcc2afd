import { z } from 'zod';

/** Readers of the texts that environment variables hold. All take text; each error is told by the variable. */

export const text = z.string().min(1);
export const optionalText = z.string().min(1).optional();

export function integer(least: number, most: number): z.ZodType<number> {
  return z.string().regex(/^\d+$/).transform(Number).pipe(z.number().int().min(least).max(most));
}

export const port = integer(0, 65_535);

export const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

export const url = z.url({ protocol: /^https?$/ });

export const optionalUrl = url.optional();

export const redisUrl = z.url({ protocol: /^rediss?$/ });

export const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ });

/** `10.0.0.0/8,127.0.0.1`: addresses and networks; none when empty. */
export const networks = z
  .string()
  .transform((value) =>
    value
      .split(',')
      .map((network) => network.trim())
      .filter(Boolean),
  )
  .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])));

/** `executor=http://host:port,executor=…`: addresses by service; none when empty. */
export const serviceUrls = z
  .string()
  .transform((value) =>
    value
      .split(',')
      .map((entry) => entry.trim())
      .filter(Boolean),
  )
  .pipe(z.array(z.string().regex(/^[a-z-]+=https?:\/\/[^\s/=,]+\/?$/)))
  .transform((entries) => {
    const urls: Record<string, string[]> = {};
    for (const entry of entries) {
      const [service = '', url = ''] = entry.split('=');
      (urls[service] ??= []).push(url);
    }
    return urls;
  });

/** `gateway=6,executor=10`: numbers of replicas by service. */
export const replicaCounts = z
  .string()
  .transform((value) => value.split(',').map((entry) => entry.trim()))
  .pipe(
    z.array(
      z
        .string()
        .regex(/^(gateway|flow-registry|scheduler|executor|analytics|issuer)=[1-9]\d{0,2}$/),
    ),
  )
  .transform((entries) => {
    const counts: Record<string, number> = {};
    for (const entry of entries) {
      const [service = '', count] = entry.split('=');
      counts[service] = Number(count);
    }
    return counts;
  });

/** `host:port,host:port` */
export const brokers = z
  .string()
  .transform((value) => value.split(',').map((broker) => broker.trim()))
  .pipe(z.array(z.string().regex(/^[^\s:,]+:\d{1,5}$/)).min(1));

/** US dollars as a decimal text, kept as text: money is never a float. */
export const price = z.string().regex(/^\d{1,9}(\.\d{1,12})?$/);

/** `22:00-06:00` or `always`. */
export const dailyWindow = z
  .string()
  .regex(/^(always|([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)$/);

export const timeZone = z.string().refine(isTimeZone);

/** Part of a Kafka topic's name and of a lease owner's. */
export const slot = z.string().regex(/^[a-zA-Z0-9-]{1,64}$/);

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
