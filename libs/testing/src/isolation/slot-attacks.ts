import assert from 'node:assert/strict';
import { newId } from '@easyflow/kernel-ids';
import { attempt, refused, works, type Attack } from './attack-bench';

const REGISTER = `SELECT ctx.register_owner($1, 'executor', '{execution,outbox}', '{ef_worker,ef_writer}')`;
const LEASE = `SELECT ctx.lease_slot('executor', $1)`;
/** As the migrations leave it; the databases of tests are made with more. */
const NEW_SLOTS = 32;

/** One identity gets slots at the pace of a rollout, so what it may hold grows no faster than somebody notices. */
export const SLOT_ATTACKS: readonly Attack[] = [
  {
    name: 'slot_flood',
    run: async (bench) => {
      const { database } = bench;
      await database.superuser('UPDATE ctx.workloads SET new_slots = $1', [NEW_SLOTS]);
      try {
        const kinds = [
          {
            text: REGISTER,
            prefix: 'executor.flood',
            later: `UPDATE ctx.owners SET made_at = made_at - interval '1 minute'`,
          },
          {
            text: LEASE,
            prefix: 'flood',
            later: `UPDATE ctx.slots SET taken_at = taken_at - interval '1 minute'`,
          },
        ];
        for (const { text, prefix, later } of kinds) {
          await database.superuser(later);
          await bench.connected('ef_issuer', async (client) => {
            const name = `${prefix}-${newId()}`;
            let granted = 0;
            for (let n = 0; n < 254; n += 1) {
              const outcome = await attempt(client, text, [`${name}-${n}`]);
              if ('error' in outcome) break;
              granted += 1;
            }
            assert.ok(granted > 0, 'the control got none');
            assert.ok(granted <= NEW_SLOTS, `${granted} slots at once`);
            await refused(client, text, [`${name}-more`], '53000');
            // Who has one keeps it, and the next minute has its own.
            await works(client, text, [`${name}-0`]);
            await database.superuser(later);
            await works(client, text, [`${name}-more`]);
          });
        }
      } finally {
        await database.superuser('UPDATE ctx.workloads SET new_slots = 1000');
      }
    },
  },
];
