export { runProcess, type RunningProcess } from './run-process';
export { runService, type ServiceRuntime } from './run-service';
