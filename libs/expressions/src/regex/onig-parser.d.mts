export { parse } from 'oniguruma-parser/parser';
export type { Node, OnigurumaAst } from 'oniguruma-parser/parser';
