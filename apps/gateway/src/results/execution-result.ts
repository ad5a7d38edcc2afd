/** Where an execution stands. Output and error are JSON text: the gateway never parses what it passes on. */
export interface ExecutionResult {
  status: string;
  output?: string | undefined;
  error?: string | undefined;
}
