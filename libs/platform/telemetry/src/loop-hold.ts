import { monitorEventLoopDelay } from 'node:perf_hooks';
import { gauge } from './metrics';

const longestHold = gauge({
  name: 'easyflow.loop.hold',
  unit: 's',
  description: 'Longest hold of the event loop since the last export',
});

/** A timer of this precision is what it costs. */
const RESOLUTION_MS = 10;

/** Measures how long anything holds the event loop of this process. Returns what ends it. */
export function watchLoop(): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const unobserve = longestHold.observe(() => {
    const longest = Math.max(0, delay.max / 1e6 - RESOLUTION_MS) / 1_000;
    delay.reset();
    return longest;
  });
  return () => {
    unobserve();
    delay.disable();
  };
}
