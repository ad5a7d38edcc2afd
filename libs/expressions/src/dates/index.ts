import type { ValueFunction } from '../compile/calls';

export const dates: Readonly<Record<string, ValueFunction>> = {};
