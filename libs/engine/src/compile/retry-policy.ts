import { pointerTo } from '../document/json-pointer';
import { reusable, type CompilerContext } from './compiler-context';
import type { DurationDefinition, RetryDefinition } from './definitions';
import { compileDuration } from './durations';
import type { DurationSite, RetryPolicy } from './program';

const STAGE = 'the definition of a task';

/** A retry policy: written in place, or one of `use.retries` by name. */
export function compileRetry(
  written: string | RetryDefinition,
  place: string,
  context: CompilerContext,
  locals: readonly string[],
): RetryPolicy | undefined {
  const isName = typeof written === 'string';
  const definition = isName
    ? reusable<RetryDefinition>(context, 'retries', written, place)
    : written;
  if (!definition) return undefined;
  const pointer = isName ? pointerTo('/use/retries', written) : place;
  const duration = (value: DurationDefinition | undefined, at: string): DurationSite | undefined =>
    value === undefined ? undefined : compileDuration(value, pointer + at, context, locals);
  const { limit, jitter, backoff } = definition;
  return {
    when: condition(definition.when, `${pointer}/when`, context, locals),
    exceptWhen: condition(definition.exceptWhen, `${pointer}/exceptWhen`, context, locals),
    delay: duration(definition.delay, '/delay') ?? 0,
    backoff: backoff?.exponential ? 'exponential' : backoff?.linear ? 'linear' : 'constant',
    jitter: jitter && {
      from: duration(jitter.from, '/jitter/from') ?? 0,
      to: duration(jitter.to, '/jitter/to') ?? 0,
    },
    retries: limit?.attempt?.count,
    attemptLimit: duration(limit?.attempt?.duration, '/limit/attempt/duration'),
    totalLimit: duration(limit?.duration, '/limit/duration'),
  };
}

/** An optional condition of a catch or of a retry. */
export function condition(
  source: string | undefined,
  pointer: string,
  context: CompilerContext,
  locals: readonly string[],
): RetryPolicy['when'] {
  return source === undefined
    ? undefined
    : context.sites.expression(source, pointer, STAGE, locals);
}
