export {
  EasyFlowError,
  OperationalError,
  UnexpectedError,
  UserError,
  type ErrorPlace,
} from './easyflow-error';
export { fragmentTo, pointerFragment } from './fragment';
