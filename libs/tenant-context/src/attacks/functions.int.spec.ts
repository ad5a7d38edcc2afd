import {
  ARGUMENT_ATTACKS,
  BINDING_ATTACKS,
  ROW_ATTACKS,
  SETTINGS_ATTACKS,
  SLOT_ATTACKS,
} from '@easyflow/testing';
import { attackedDatabase, attacksInEachPlacement } from './attacked.test';

attacksInEachPlacement('functions and rows', attackedDatabase(), [
  ...SETTINGS_ATTACKS,
  ...ARGUMENT_ATTACKS,
  ...BINDING_ATTACKS,
  ...ROW_ATTACKS,
  ...SLOT_ATTACKS,
]);
