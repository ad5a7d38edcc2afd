import type { Json } from '@easyflow/expressions';

// The shapes a document has once the specification's schema has accepted it; only what the compiler reads.

export type JsonObject = { [key: string]: Json };

export type DurationDefinition = string | JsonObject;

export interface SchemaDefinition {
  format?: string;
  document?: Json;
  resource?: JsonObject;
}

export interface InputDefinition {
  schema?: SchemaDefinition;
  from?: string | JsonObject;
}

export interface OutputDefinition {
  schema?: SchemaDefinition;
  as?: string | JsonObject;
}

export interface TimeoutDefinition {
  after: DurationDefinition;
}

export interface ErrorDefinition {
  type: string;
  status: number;
  instance?: string;
  title?: string;
  detail?: string;
}

export interface RetryDefinition {
  when?: string;
  exceptWhen?: string;
  delay?: DurationDefinition;
  backoff?: { constant?: JsonObject; exponential?: JsonObject; linear?: JsonObject };
  limit?: {
    attempt?: { count?: number; duration?: DurationDefinition };
    duration?: DurationDefinition;
  };
  jitter?: { from: DurationDefinition; to: DurationDefinition };
}

export interface CatchDefinition {
  errors?: { with?: Partial<ErrorDefinition> };
  as?: string;
  when?: string;
  exceptWhen?: string;
  retry?: string | RetryDefinition;
  do?: TaskListDefinition;
  then?: string;
}

export interface AuthenticationDefinition {
  use?: string;
  basic?: { use?: string; username?: string; password?: string };
  bearer?: { use?: string; token?: string };
  digest?: JsonObject;
  oauth2?: JsonObject;
  oidc?: JsonObject;
}

export type EndpointDefinition =
  string | { uri: string; authentication?: AuthenticationDefinition };

export interface HttpArguments {
  method: string;
  endpoint: EndpointDefinition;
  headers?: string | JsonObject;
  body?: Json;
  query?: string | JsonObject;
  output?: 'raw' | 'content' | 'response';
  redirect?: boolean;
}

export interface RunDefinition {
  await?: boolean;
  return?: 'stdout' | 'stderr' | 'code' | 'all' | 'none';
  container?: JsonObject;
  script?: JsonObject;
  shell?: JsonObject;
  workflow?: { namespace: string; name: string; version: string; input?: JsonObject };
}

export interface TaskDefinition {
  if?: string;
  input?: InputDefinition;
  output?: OutputDefinition;
  export?: OutputDefinition;
  timeout?: string | TimeoutDefinition;
  then?: string;
  call?: string;
  with?: JsonObject;
  do?: TaskListDefinition;
  emit?: { event: { with: JsonObject } };
  for?: { each?: string; in: string | Json[]; at?: string };
  while?: string;
  raise?: { error: string | ErrorDefinition };
  run?: RunDefinition;
  set?: string | JsonObject;
  switch?: { [name: string]: { when?: string; then: string } }[];
  try?: TaskListDefinition;
  catch?: CatchDefinition;
  wait?: DurationDefinition;
}

export type TaskListDefinition = { [name: string]: TaskDefinition }[];

export interface FlowDefinition {
  document: { dsl: string; namespace: string; name: string; version: string };
  input?: InputDefinition;
  use?: {
    authentications?: Record<string, AuthenticationDefinition>;
    errors?: Record<string, ErrorDefinition>;
    extensions?: JsonObject[];
    functions?: Record<string, TaskDefinition>;
    retries?: Record<string, RetryDefinition>;
    secrets?: string[];
    timeouts?: Record<string, TimeoutDefinition>;
    catalogs?: Record<string, JsonObject>;
  };
  do: TaskListDefinition;
  timeout?: string | TimeoutDefinition;
  output?: OutputDefinition;
  schedule?: {
    every?: DurationDefinition;
    cron?: string;
    after?: DurationDefinition;
    on?: JsonObject;
  };
  evaluate?: { language?: string; mode?: 'strict' | 'loose' };
}
