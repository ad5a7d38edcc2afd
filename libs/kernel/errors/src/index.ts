export {
  EasyFlowError,
  OperationalError,
  UnexpectedError,
  UserError,
  type ErrorPlace,
} from './easyflow-error';
export { locateJsonError, type JsonErrorPlace } from './json-error';
export { fragmentTo, pointerFragment } from './fragment';
