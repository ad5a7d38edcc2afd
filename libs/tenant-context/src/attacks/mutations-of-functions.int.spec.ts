import { rewrite, seesEvery, type Mutation } from './mutants.test';

const ENQUEUE = 'ctx.enqueue';
const OPEN = 'ctx.open';

/** Ways to weaken what the functions of the context check of their callers, and what the tables check of their rows. */
const MUTATIONS: readonly Mutation[] = [
  [
    'plans shown',
    `ALTER FUNCTION ${OPEN} RESET debug_print_plan; ALTER FUNCTION ${OPEN} RESET client_min_messages`,
    ['security_definer', 'caller_settings'],
  ],
  [
    'row security of the caller',
    'ALTER FUNCTION ctx.claim RESET row_security',
    ['security_definer', 'caller_settings'],
  ],
  [
    'temporary objects first',
    `ALTER FUNCTION ctx.mint SET search_path = pg_catalog`,
    ['security_definer'],
  ],
  [
    'pads in a query',
    rewrite(
      'ctx.mint',
      'token := ctx.sign(kid, inner_pad, outer_pad, p_tenant, audience, p_scope, epoch, expires);',
      'SELECT ctx.sign(kid, inner_pad, outer_pad, p_tenant, x.a, p_scope, epoch, expires) INTO token FROM (SELECT audience AS a) x;',
    ),
    ['key_in_plan'],
  ],
  [
    'a new key in a query',
    `CREATE OR REPLACE FUNCTION ctx.add_key(p_kid text, p_purpose text) RETURNS void LANGUAGE plpgsql AS $$
     DECLARE pad bytea := ctx.random_secret() || ctx.random_secret(); BEGIN
       INSERT INTO ctx.keys (kid, purpose, ipad, opad) VALUES (p_kid, p_purpose, pad, pad);
     END $$`,
    ['key_in_plan'],
  ],
  ['nested tokens', rewrite('ctx.admit', `array_ndims(tokens) > 1`, 'false'), ['array_shapes']],
  [
    'tokens by another bound',
    rewrite('ctx.admit', `array_lower(tokens, 1) <> 1`, 'false'),
    ['array_shapes'],
  ],
  [
    'lists of unequal lengths',
    rewrite('ctx.list_size', `p_dims <> array_fill(dims, ARRAY[cardinality(p_dims)])`, 'false'),
    ['array_shapes'],
  ],
  ['lists with a NULL', rewrite('ctx.list_size', `p_nulls > 0`, 'false'), ['array_shapes']],
  [
    'lists by another bound',
    rewrite('ctx.list_size', `NOT starts_with(dims, '[1:')`, 'false'),
    ['array_shapes'],
  ],
  [
    'leases in lists that are not measured',
    rewrite(
      OPEN,
      `ctx.list_size(ARRAY[array_dims(p_ids), array_dims(p_kinds), array_dims(p_tenant_ids)],
       num_nulls(VARIADIC p_ids) + num_nulls(VARIADIC p_kinds) + num_nulls(VARIADIC p_tenant_ids))`,
      'array_length(p_ids, 1)',
    ),
    ['array_shapes'],
  ],
  [
    'tokens of a long life',
    rewrite('ctx.admit', `(expires <= now_ms + 60000) IS NOT TRUE`, 'false'),
    ['token_life'],
  ],
  [
    'tokens without an end',
    rewrite('ctx.admit', `(expires <= now_ms + 60000) IS NOT TRUE`, 'expires > now_ms + 60000'),
    ['token_life'],
  ],
  [
    'a token minted without an end',
    rewrite('ctx.mint', `p_ttl_ms IS NULL OR `, ''),
    ['token_life'],
  ],
  [
    'a second context after an emptied one',
    rewrite('ctx.admit', ` OR starts_with(current_setting('backtrace_functions'), 'ef_')`, ''),
    ['second_context'],
  ],
  [
    'a context for its message',
    ['ctx.admit', 'ctx.tenants_in']
      .map((name) => rewrite(name, `current_setting('backtrace_functions') || `, ''))
      .join('; '),
    ['mac_in_one_message'],
  ],
  [
    'old secrets in an old snapshot',
    rewrite('ctx.check_owner', `<> 'read committed'`, 'IS NULL'),
    ['open_repeatable_read'],
  ],
  [
    'slots at any pace',
    rewrite('ctx.register_owner', `o.made_at > `, `o.made_at < `),
    ['slot_flood'],
  ],
  [
    'times without an end',
    'ALTER TABLE ef.executions DROP CONSTRAINT executions_values',
    ['poison_timestamp', 'values_unchecked', 'time_unbounded'],
  ],
  [
    'attempts beyond their column',
    rewrite('ctx.claim', `least(w.attempts, 2147483646)`, 'w.attempts'),
    ['poison_counter'],
  ],
  [
    'wakes beyond their column',
    rewrite(ENQUEUE, `w.wake_seq % 2147483647 + 1`, 'w.wake_seq + 1'),
    ['poison_counter'],
  ],
  [
    'work of any kind',
    rewrite(ENQUEUE, `(p_kinds <@ kinds) IS NOT TRUE`, 'false'),
    ['foreign_kind_enqueued'],
  ],
  [
    'roll-ups of any hour',
    rewrite(ENQUEUE, `u.i <> ALL (hours)`, 'false'),
    ['foreign_kind_enqueued'],
  ],
  [
    'rows in any schema',
    rewrite('ctx.tenants_in', `NOT IN ('', place)`, 'IS NULL'),
    ['foreign_placement_row'],
  ],
  [
    'a policy without its schema',
    'ALTER POLICY executions_tenant_isolation_batch ON ef.executions USING (tenant_id = ANY ((SELECT ctx.tenants())::uuid[]))',
    ['restrictive_form', 'isolation_missing'],
  ],
];

describe('weakened functions and tables', () => seesEvery(MUTATIONS));
