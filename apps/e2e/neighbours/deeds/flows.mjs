/** A flow of the noisy tenant. */
export function flowOf(name, tasks, more = {}) {
  return {
    document: { dsl: '1.0.0', namespace: 'neighbours', name, version: '1.0.0' },
    ...more,
    do: tasks,
  };
}

/** A call of the target. */
export function callOf(target, path, more = {}) {
  return { call: 'http', with: { method: 'post', endpoint: `${target.url}${path}`, ...more } };
}
