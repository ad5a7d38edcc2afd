import { isFinal } from '@easyflow/contracts-http';
import { LAST_ID } from '../http/cursor';
import {
  listEnded,
  listEndedOfFlow,
  listExecutions,
  listLive,
  listLiveOfFlow,
  listOfFlow,
  listPending,
  listPendingOfFlow,
} from './list.statements';

export interface ExecutionFilter {
  /** Only older than this id. */
  before?: string | undefined;
  flow?: { namespace: string; name: string } | undefined;
  status?: string | undefined;
  limit: number;
}

interface PageStatement {
  name: string;
  text: string;
  values: readonly (string | number)[];
}

/** The statement of a page, by what its filter says. */
export function pageOfExecutions(tenantId: string, filter: ExecutionFilter): PageStatement {
  const { before = LAST_ID, flow, status, limit } = filter;
  const page = [tenantId, before, limit];
  if (!flow) {
    if (status === undefined) return { ...listExecutions, values: page };
    if (status === 'pending') return { ...listPending, values: page };
    return { ...(isFinal(status) ? listEnded : listLive), values: [...page, status] };
  }
  const ofFlow = [...page, `${flow.namespace}/${flow.name}`];
  if (status === undefined) return { ...listOfFlow, values: ofFlow };
  if (status === 'pending') return { ...listPendingOfFlow, values: ofFlow };
  return { ...(isFinal(status) ? listEndedOfFlow : listLiveOfFlow), values: [...ofFlow, status] };
}
