export { derivedId, idTime, isId, newId } from './id';
