import { BoundedQueue } from '@easyflow/tenant-context';

type TurnLimits = ConstructorParameters<typeof BoundedQueue>[0];

/** A bounded queue a key, for as long as somebody is in it. */
export class Turns {
  private readonly queues = new Map<string, BoundedQueue>();

  /** Undefined when too many wait for the key already. */
  run<T>(key: string, limits: TurnLimits, task: () => Promise<T>): Promise<T> | undefined {
    const queue = this.queues.get(key) ?? new BoundedQueue(limits);
    this.queues.set(key, queue);
    return queue.run(task)?.finally(() => {
      if (queue.idle) this.queues.delete(key);
    });
  }
}
