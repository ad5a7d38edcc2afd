import type { Json } from '@easyflow/engine';
import { pairKey, type BatchReader } from '@easyflow/tenant-context';
import { plainArray } from '../checkpoint/array-literals';
import type { ReadValue } from '../state/restore-state';
import type { Ref } from '../state/stored-state';
import { loadValues } from './loading.statements';
import type { TenantTokens } from './tenant-tokens';

/** An execution whose stored state refers to values of so many characters. */
export interface WithValues {
  readonly tenantId: string;
  readonly id: string;
  readonly size: number;
}

interface ValueRow {
  tenant_id: string;
  execution_id: string;
  id: number;
  value: Json;
  refs: Ref[] | null;
}

const MOST_ROWS = 500;
/** What one statement may answer, unless a single execution has more. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

/** Reads the values of states: a statement for many executions, so many that their values have room together. */
export class ValueReader {
  constructor(
    private readonly reader: BatchReader,
    private readonly tokens: TenantTokens,
  ) {}

  /** Hands each execution its values as soon as they are there. One whose token has ended is handed none. */
  async read<T extends WithValues>(
    executions: readonly T[],
    take: (execution: T, values: readonly ReadValue[]) => void,
  ): Promise<void> {
    for (const part of inParts(executions)) await this.readPart(part, take);
  }

  private async readPart<T extends WithValues>(
    executions: readonly T[],
    take: (execution: T, values: readonly ReadValue[]) => void,
  ): Promise<void> {
    const items = executions.flatMap((execution) => {
      const { tenantId, id } = execution;
      const token = this.tokens.get(tenantId, 'ef_worker');
      return token ? [{ token, id, tenantId, execution }] : [];
    });
    await Promise.all(
      this.tokens.bundles(items, MOST_ROWS).map(async (bundle) => {
        const found = await this.reader.read<ValueRow>(bundle.tokens, {
          ...loadValues,
          values: [
            plainArray(bundle.items.map((item) => item.tenantId)),
            plainArray(bundle.items.map((item) => item.id)),
          ],
        });
        const values = Map.groupBy([...found.values()].flat(), (row) =>
          pairKey(row.tenant_id, row.execution_id),
        );
        for (const { execution, tenantId, id } of bundle.items) {
          take(execution, values.get(pairKey(tenantId, id)) ?? []);
        }
      }),
    );
  }
}

function inParts<T extends WithValues>(executions: readonly T[]): T[][] {
  const parts: T[][] = [];
  let room = 0;
  for (const execution of executions) {
    const part = parts.at(-1);
    if (part && execution.size <= room) part.push(execution);
    else {
      parts.push([execution]);
      room = MOST_CHARACTERS;
    }
    room -= execution.size;
  }
  return parts;
}
