export type { Json } from './values/json';
export { CpuAllowance } from './run/cpu-allowance';
export type { Conditions, Limits } from './run/meter';
export { defaultLimits, StepPool } from './run/meter';
export {
  ExpressionInterrupted,
  ExpressionLimitError,
  ExpressionRuntimeError,
  ExpressionSyntaxError,
} from './errors';
export { compileExpression } from './expression';
export type { Collected, CompileOptions, Expression } from './expression';
export type { Reads } from './reads';
export { builtinNames } from './builtins';
export { isExpression, stripExpression } from './dsl/mode';
export type { EvaluationMode } from './dsl/mode';
export { compileTemplate } from './dsl/template';
export type { Template, TemplateOptions } from './dsl/template';
export { TemplateRuntimeError, TemplateSyntaxError } from './dsl/template-errors';
