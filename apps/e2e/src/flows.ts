/** A flow document as a client writes it. */
export interface Flow {
  document: {
    dsl: string;
    namespace: string;
    name: string;
    version: string;
    [more: string]: unknown;
  };
  [section: string]: unknown;
}

/** A flow `e2e/<name>` of these tasks. `sections` are further top-level members. */
export function flow(
  name: string,
  tasks: readonly Record<string, unknown>[],
  sections: Record<string, unknown> = {},
  version = '1.0.0',
): Flow {
  return { document: { dsl: '1.0.3', namespace: 'e2e', name, version }, ...sections, do: tasks };
}

/** Sets one member of the data. */
export function set(name: string, values: Record<string, unknown>): Record<string, unknown> {
  return { [name]: { set: values } };
}

export function wait(name: string, duration: string): Record<string, unknown> {
  return { [name]: { wait: duration } };
}

/** Calls the target; the answer becomes the member `name` of the data. */
export function callHttp(name: string, url: string): Record<string, unknown> {
  return {
    [name]: {
      call: 'http',
      with: { method: 'post', endpoint: url, body: { execution: '${ $workflow.id }' } },
      output: { as: `\${ { ${name}: . } }` },
      export: { as: '${ $context + . }' },
    },
  };
}

/** Data of the calls so far: what `callHttp` exported. */
export const called = { collect: { set: { calls: '${ $context }' } } };

/** Greets the input's `name`. */
export const greet = flow('greet', [set('greeting', { text: '${ "Hello, " + .name }' })]);
