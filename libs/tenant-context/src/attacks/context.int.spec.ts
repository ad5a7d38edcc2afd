import { CONTEXT_ATTACKS, SCHEMA_ATTACKS } from '@easyflow/testing';
import { attackedDatabase, attacksInEachPlacement } from './attacked.test';

attacksInEachPlacement('attacks', attackedDatabase(), [...CONTEXT_ATTACKS, ...SCHEMA_ATTACKS]);
