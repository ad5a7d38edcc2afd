import type { ValueFunction } from '../compile/calls';
import type { Make } from './forms';

export const regexes: Readonly<Record<string, ValueFunction>> = {};
export const regexForms: Readonly<Record<string, Make>> = {};
