// The parser is published as an ES module only; this file is one, so that it can be required.
export { parse } from 'oniguruma-parser/parser';
