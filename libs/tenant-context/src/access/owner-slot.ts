import { randomBytes } from 'node:crypto';
import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import type { IssuerPort } from '../issuer/issuer-port';
import type { Claims } from './claims';
import type { LeaseOwner } from './lease';

export interface OwnerSlotOptions {
  readonly issuer: Pick<IssuerPort, 'registerOwner'>;
  readonly claims: Pick<Claims, 'onRefused'>;
  readonly slot: string;
  /** Asked before the slot is registered again: false when it was given to another process, so that nobody fights over it. */
  readonly isOurs?: (() => Promise<boolean>) | undefined;
  /** What was leased under the slot is another's from now on. */
  readonly lost?: () => void;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  /** Between two attempts, milliseconds. */
  readonly againMs?: number;
}

const AGAIN_MS = 1_000;
/** Losing a slot twice in this time is no replaced process that ends late, but another that lives beside this one. */
const TWICE_MS = 600_000;
/** A slot has at most 64 characters. */
const LONGEST_SLOT = 58;

/**
 * The lease owner of this process. It is registered in the background while the issuer is down, and again when
 * another process has registered the same slot: until then the process is not ready. A process that loses its slot
 * twice leaves it to the other and takes one of its own.
 */
export class OwnerSlot {
  private current: LeaseOwner | undefined;
  private slot: string;
  private lostAt = -Infinity;
  private closed = false;
  private attempt: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly forget: () => void;

  constructor(private readonly options: OwnerSlotOptions) {
    this.slot = options.slot;
    this.forget = options.claims.onRefused((owner) => this.refused(owner));
  }

  /** Undefined while the slot is not registered. */
  get owner(): LeaseOwner | undefined {
    return this.current;
  }

  /** Resolves after the first attempt, whatever became of it. */
  start(): Promise<void> {
    return this.register();
  }

  close(): void {
    this.closed = true;
    this.forget();
    clearTimeout(this.timer);
  }

  /** The database does not know this secret any more: the slot was registered by another process. */
  refused(owner: LeaseOwner): void {
    if (this.closed || owner.secret !== this.current?.secret) return;
    this.current = undefined;
    const { clock, logger, lost } = this.options;
    const now = clock.monotonic();
    const twice = now - this.lostAt < TWICE_MS;
    this.lostAt = now;
    logger.error({ slot: this.slot }, 'another process took this slot; it is registered again');
    if (twice) {
      this.slot = `${this.options.slot.slice(0, LONGEST_SLOT)}.${randomBytes(2).toString('hex')}`;
      logger.error(
        { slot: this.slot },
        'the slot is used by two processes; this one takes another',
      );
    }
    lost?.();
    this.again();
  }

  private register(): Promise<void> {
    this.attempt ??= this.tryToRegister().finally(() => (this.attempt = undefined));
    return this.attempt;
  }

  private async tryToRegister(): Promise<void> {
    if (this.closed || this.current) return;
    const { issuer, isOurs, logger } = this.options;
    try {
      if (this.lostAt > -Infinity && isOurs && !(await isOurs())) return;
      const owner = await issuer.registerOwner(this.slot);
      if (!this.closed) this.current = owner;
    } catch (error) {
      logger.warn({ error, slot: this.slot }, 'the slot could not be registered yet');
      this.again();
    }
  }

  private again(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.register(), this.options.againMs ?? AGAIN_MS);
  }
}
