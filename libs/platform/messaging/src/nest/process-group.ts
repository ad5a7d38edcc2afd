import { newId } from '@easyflow/kernel-ids';

/**
 * A group of this process alone, new at every start: it gets every record from now on, and never waits for a
 * dead predecessor's session to end. Kafka forgets its offsets by itself (offsets.retention.minutes).
 */
export function processGroup(purpose: string): string {
  return `${purpose}.${newId()}`;
}
