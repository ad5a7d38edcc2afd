import {
  applyFlowQuerySchema,
  flowDocumentSchema,
  flowVersionPageSchema,
  flowVersionSchema,
} from './flows';
import { json, type Route } from './route';
import { pageQuerySchema } from './values';

const documentContent = {
  'application/yaml': flowDocumentSchema,
  'application/json': flowDocumentSchema,
};

/** Applying, reading and activating flows. */
export const flowRoutes = {
  applyFlow: {
    method: 'POST',
    path: '/v1/flows',
    operationId: 'applyFlow',
    summary: 'Apply a version of a flow; it becomes the active one unless the query says otherwise',
    access: 'tenant',
    query: applyFlowQuerySchema,
    body: { required: true, content: documentContent },
    answers: {
      200: json('the same content was applied before; nothing changed', flowVersionSchema),
      201: json('the new version', flowVersionSchema),
    },
    problems: [
      'document.malformed',
      'query.invalid',
      'flow.invalid',
      'duration.invalid',
      'flow.version_conflict',
      'transport.unavailable',
      'registry.unavailable',
    ],
  },
  listFlows: {
    method: 'GET',
    path: '/v1/flows',
    operationId: 'listFlows',
    summary: 'The active versions of all flows',
    access: 'tenant',
    query: pageQuerySchema,
    answers: { 200: json('a page', flowVersionPageSchema) },
    problems: ['query.invalid'],
  },
  getFlow: {
    method: 'GET',
    path: '/v1/flows/{namespace}/{name}',
    operationId: 'getFlow',
    summary: 'The active version of a flow',
    access: 'tenant',
    answers: { 200: json('the active version', flowVersionSchema) },
    problems: ['flow.unknown', 'flow.not_active'],
  },
  listFlowVersions: {
    method: 'GET',
    path: '/v1/flows/{namespace}/{name}/versions',
    operationId: 'listFlowVersions',
    summary: 'All versions of a flow, newest first',
    access: 'tenant',
    query: pageQuerySchema,
    answers: { 200: json('the versions', flowVersionPageSchema) },
    problems: ['query.invalid', 'flow.unknown'],
  },
  getFlowDocument: {
    method: 'GET',
    path: '/v1/flows/{namespace}/{name}/versions/{version}',
    operationId: 'getFlowDocument',
    summary: 'The document of a version, as it was applied or in the media type of Accept',
    access: 'tenant',
    headers: { Accept: '`application/yaml` or `application/json`' },
    answers: { 200: { description: 'the document', content: documentContent } },
    problems: ['flow.unknown', 'flow.version_unknown'],
  },
  activateFlow: {
    method: 'POST',
    path: '/v1/flows/{namespace}/{name}/versions/{version}/activate',
    operationId: 'activateFlow',
    summary: 'Make a version the active one; running executions keep theirs',
    access: 'tenant',
    answers: { 200: json('the active version', flowVersionSchema) },
    problems: [
      'flow.unknown',
      'flow.version_unknown',
      'transport.unavailable',
      'registry.unavailable',
    ],
  },
} as const satisfies Record<string, Route>;
