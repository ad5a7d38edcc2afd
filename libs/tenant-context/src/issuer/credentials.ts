import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { OperationalError } from '@easyflow/kernel-errors';
import { BoundedQueue } from './bounded-queue';

interface Cost {
  N: number;
  r: number;
  p: number;
}

/** Off the event loop, on one of libuv's four threads. */
const scryptAsync = promisify<string, Buffer, number, Cost, Buffer>(scrypt);

/**
 * Hashing takes two of the threads at most: the others are for what else blocks (files, names). Each hash takes some
 * 40 ms and 16 MB; who would wait longer than a request does is told to come back.
 */
const hashing = new BoundedQueue({ atOnce: 2, waiting: 100 });

async function derive(password: string, salt: Buffer, bytes: number, cost: Cost): Promise<Buffer> {
  const key = hashing.run(() => scryptAsync(password.normalize('NFKC'), salt, bytes, cost));
  if (!key) throw new OperationalError('issuer.unavailable', 'Too many passwords to verify');
  return key;
}

const COST = { N: 16_384, r: 8, p: 1 } as const;
const KEY_BYTES = 32;

/** A new API key: `ef_` and 32 random bytes in base64url. Only its hash is stored. */
export function newApiKey(): string {
  return `ef_${randomBytes(32).toString('base64url')}`;
}

/** Whether the text has the form of an API key. */
export function isApiKey(credential: string): boolean {
  return /^ef_[A-Za-z0-9_-]{43}$/.test(credential);
}

/** What is stored of an API key; it needs no salt, being 256 random bits. */
export function apiKeyHash(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** A random password for a generated login. */
export function newPassword(): string {
  return randomBytes(18).toString('base64url');
}

/**
 * What is stored of a password: scrypt (RFC 7914) with its parameters and salt.
 * @throws OperationalError `issuer.unavailable` when too many wait
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, KEY_BYTES, COST);
  return `scrypt$${COST.N}$${COST.r}$${COST.p}$${salt.toString('base64')}$${key.toString('base64')}`;
}

/** Of no password: verified against when the user is unknown, so that both cost the same work. */
const NOBODY = `scrypt$${COST.N}$${COST.r}$${COST.p}$${randomBytes(16).toString('base64')}$${randomBytes(KEY_BYTES).toString('base64')}`;

/**
 * Whether the password is the one stored. With nothing stored the same work is done, and the answer is no.
 * @throws OperationalError `issuer.unavailable` when too many wait
 */
export async function verifyPassword(
  password: string,
  stored: string | undefined,
): Promise<boolean> {
  const parts = (stored ?? NOBODY).split('$');
  const [scheme, n, r, p, salt, key] = parts;
  if (scheme !== 'scrypt' || !salt || !key) return false;
  const wanted = Buffer.from(key, 'base64');
  const given = await derive(password, Buffer.from(salt, 'base64'), wanted.length, {
    N: Number(n),
    r: Number(r),
    p: Number(p),
  });
  return timingSafeEqual(given, wanted) && stored !== undefined;
}

/** Compares two secrets in a time that depends on neither. */
export function sameSecret(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
