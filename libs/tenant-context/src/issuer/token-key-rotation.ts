import type { Logger } from '@easyflow/platform-telemetry';
import type { Issuance } from '../access/issuance';

export interface TokenKeyRotationOptions {
  issuance: Pick<Issuance, 'rotateDueTokenKey'>;
  /** How old the key that signs may become, milliseconds. */
  everyMs: number;
  logger: Pick<Logger, 'info' | 'warn'>;
}

/** A key becomes older than it may by this at most. */
const LONGEST_LOOK_MS = 600_000;

/**
 * Has the key of database tokens replaced when it is old enough. Every replica of the issuer looks; the database lets
 * one of them do it.
 */
export class TokenKeyRotation {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(private readonly options: TokenKeyRotationOptions) {}

  start(): this {
    const look = () => {
      this.looking ??= this.look().finally(() => (this.looking = undefined));
    };
    this.timer = setInterval(look, Math.min(this.options.everyMs / 4, LONGEST_LOOK_MS));
    this.timer.unref();
    look();
    return this;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  private async look(): Promise<void> {
    const { issuance, everyMs, logger } = this.options;
    try {
      if (await issuance.rotateDueTokenKey(everyMs)) {
        logger.info({}, 'the key of database tokens was replaced: it was due');
      }
    } catch (error) {
      logger.warn({ error }, 'the key of database tokens could not be looked at; trying again');
    }
  }
}
