import assert from 'node:assert/strict';
import { newId } from '@easyflow/kernel-ids';
import { systemClock } from '@easyflow/kernel-time';
import { OwnerSlot, type LeaseOwner } from '@easyflow/tenant-context';
import { waitFor } from '../wait-for';
import type { Attack } from './attack-bench';

const QUIET = { warn: () => undefined, error: () => undefined };

export const TAKEOVER_ATTACKS: readonly Attack[] = [
  {
    // Whoever registers a slot again takes it: the process that had it must know, and must not stay without.
    name: 'slot_takeover_recovers',
    run: async ({ database }) => {
      const { claims } = await database.accessFor(['ef_claim']);
      const issuer = await database.issuerFor('executor');
      const name = newId();
      let lost = 0;
      const slot = new OwnerSlot({
        issuer,
        claims,
        slot: name,
        lost: () => (lost += 1),
        clock: systemClock,
        logger: QUIET,
        againMs: 5,
      });
      const isRegistered = () => slot.owner !== undefined;
      const claim = (owner: LeaseOwner | undefined) => {
        assert.ok(owner, 'the slot has no owner');
        return claims.claim(owner, ['execution'], 1);
      };
      try {
        await slot.start();
        const first = slot.owner;
        await claim(first);
        const thief = await issuer.registerOwner(name);
        await assert.rejects(claim(first));
        assert.ok(!isRegistered(), 'the loss was not noticed');
        assert.equal(lost, 1);
        await waitFor(() => slot.owner, { describe: 'the slot to be registered again' });
        await claim(slot.owner);
        // Taken once more, by a process that lives beside it: each then has one of its own.
        await assert.rejects(claims.claim(thief, ['execution'], 1));
        const neighbour = await issuer.registerOwner(name);
        await assert.rejects(claim(slot.owner));
        await waitFor(() => slot.owner, { describe: 'a slot of its own' });
        await claim(slot.owner);
        await claim(neighbour);
        assert.notEqual(slot.owner?.owner, neighbour.owner);
        assert.equal(lost, 2);
      } finally {
        slot.close();
      }
    },
  },
];
