export { runProcess, type Closable } from './run-process';
export { runService, type ServiceRuntime } from './run-service';
