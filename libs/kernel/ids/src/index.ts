export { idTime, isId, newId } from './id';
