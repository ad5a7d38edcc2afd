/** The flow that a first start applies and runs, so that there is something to look at. */
export const sampleFlow = `document:
  dsl: '1.0.3'
  namespace: samples
  name: hello
  version: '1.0.0'
  title: Greets whoever the input names
do:
  - greet:
      set:
        greeting: \${ "Hello, \\(.name // "world")!" }
  - decide:
      switch:
        - shout:
            when: .greeting | length > 20
            then: shorten
        - fine:
            then: finish
  - shorten:
      set:
        greeting: \${ .greeting[:20] + "…" }
      then: finish
  - finish:
      set:
        greeting: \${ .greeting }
        greetedAt: \${ $workflow.startedAt.iso8601 }
`;
