{{/* Settings that all services share and that are no secret: the data of one ConfigMap. Helm reads numbers as floats and
would write a million as 1e+06: int64 keeps them whole. */}}
{{- define "easyflow.settings" -}}
EASYFLOW_HTTP_PORT: {{ include "easyflow.port" . | quote }}
EASYFLOW_DATABASE_HOST: {{ .Values.database.host | quote }}
EASYFLOW_DATABASE_PORT: {{ int64 .Values.database.port | quote }}
EASYFLOW_DATABASE_NAME: {{ .Values.database.name | quote }}
EASYFLOW_DATABASE_SSL_MODE: {{ .Values.database.sslMode | quote }}
EASYFLOW_KAFKA_BROKERS: {{ join "," .Values.kafka.brokers | quote }}
EASYFLOW_KAFKA_TLS: {{ .Values.kafka.tls | quote }}
EASYFLOW_LOG_LEVEL: {{ .Values.settings.logLevel | quote }}
EASYFLOW_SHUTDOWN_DRAIN_SECONDS: {{ int64 .Values.shutdown.drainSeconds | quote }}
EASYFLOW_ISSUER_ACCESS_TOKEN_SECONDS: {{ int64 .Values.settings.accessTokenSeconds | quote }}
EASYFLOW_LIMIT_REQUESTS_PER_SECOND: {{ int64 .Values.settings.requestsPerSecond | quote }}
EASYFLOW_EXECUTOR_SLOTS: {{ int64 .Values.settings.executorSlots | quote }}
EASYFLOW_EGRESS_ALLOW_PRIVATE: {{ .Values.settings.allowPrivateCalls | quote }}
EASYFLOW_ECO_WINDOW: {{ .Values.settings.ecoWindow | quote }}
EASYFLOW_ECO_TIMEZONE: {{ .Values.settings.ecoTimeZone | quote }}
{{- range $mode, $price := .Values.settings.prices }}
EASYFLOW_PRICE_{{ upper $mode }}: {{ $price | quote }}
{{- end }}
EASYFLOW_ISSUER_URL: {{ printf "http://%s-issuer" (include "easyflow.fullname" .) | quote }}
{{- with .Values.settings.trustedProxies }}
EASYFLOW_HTTP_TRUSTED_PROXIES: {{ join "," . | quote }}
{{- end }}
{{- with .Values.settings.publicUrl }}
EASYFLOW_PUBLIC_URL: {{ . | quote }}
{{- end }}
{{- with .Values.telemetry.otlpEndpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* One variable from a secret: (dict "name" … "secret" … "key" …). */}}
{{- define "easyflow.secretVariable" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end -}}

{{/* The database roles of each service. No process gets another's password (docs/tables.md says what each may do). */}}
{{- define "easyflow.roles" -}}
gateway: [ef_api, ef_writer]
flow-registry: [ef_registry]
scheduler: [ef_claim, ef_scheduler, ef_writer]
executor: [ef_claim, ef_worker, ef_writer]
analytics: [ef_claim, ef_analytics]
issuer: [ef_issuer]
{{- end -}}

{{- define "easyflow.rolePassword" -}}
{{- $database := .root.Values.database -}}
{{- include "easyflow.secretVariable" (dict "name" (printf "EASYFLOW_DATABASE_PASSWORD_%s" (upper .role)) "secret" $database.existingSecret "key" (get $database.secretKeys .role)) -}}
{{- end -}}

{{- define "easyflow.serviceEnvironment" -}}
{{- $root := .root -}}
{{- $values := .root.Values -}}
- name: EASYFLOW_POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: OTEL_SERVICE_NAME
  value: easyflow-{{ .service }}
- name: EASYFLOW_IDENTITY_KEY_FILE
  value: /etc/easyflow/identity/key.pem
{{- range get (include "easyflow.roles" . | fromYaml) .service }}
{{ include "easyflow.rolePassword" (dict "root" $root "role" .) }}
{{- end }}
{{- if and (has .service (list "gateway" "scheduler" "executor")) $values.redis.existingSecret }}
{{ include "easyflow.secretVariable" (dict "name" "EASYFLOW_REDIS_URL" "secret" $values.redis.existingSecret "key" $values.redis.secretKey) }}
{{- end }}
{{- if eq .service "gateway" }}
- name: EASYFLOW_STATUS_URLS
  value: {{ include "easyflow.statusUrls" $root | quote }}
{{- end }}
{{- if eq .service "issuer" }}
- name: EASYFLOW_ISSUER_JWT_KEY_FILE
  value: /etc/easyflow/issuer/signing-key.pem
- name: EASYFLOW_ISSUER_WORKLOADS_FILE
  value: /etc/easyflow/issuer/workloads.json
{{ include "easyflow.secretVariable" (dict "name" "EASYFLOW_ISSUER_ADMIN_KEY" "secret" $values.issuer.existingSecret "key" $values.issuer.secretKeys.adminKey) }}
{{- end }}
{{- include "easyflow.trustVariable" $root }}
{{- end -}}

{{/* Where the gateway's status page asks; a Service answers while one of its pods is ready. */}}
{{- define "easyflow.statusUrls" -}}
{{- $urls := list }}
{{- range without (include "easyflow.services" . | fromYamlArray) "gateway" "issuer" }}
{{- $urls = append $urls (printf "%s=http://%s-%s" . (include "easyflow.fullname" $) .) }}
{{- end }}
{{- join "," $urls }}
{{- end -}}

{{/* Most replicas of each service: the connection limits of the database roles follow from them. */}}
{{- define "easyflow.replicaCounts" -}}
{{- $counts := list }}
{{- range $name, $service := .Values.services }}
{{- $count := $service.replicas }}
{{- if $service.autoscaling.enabled }}
{{- $count = $service.autoscaling.maxReplicas }}
{{- end }}
{{- $counts = append $counts (printf "%s=%d" $name (max 1 (int64 $count))) }}
{{- end }}
{{- join "," $counts }}
{{- end -}}

{{/* The job alone sees the administrator's URL; it sees all roles' passwords only to set them. */}}
{{- define "easyflow.migrationEnvironment" -}}
{{- $root := . -}}
{{ include "easyflow.secretVariable" (dict "name" "EASYFLOW_MIGRATIONS_DATABASE_URL" "secret" .Values.migrations.existingSecret "key" .Values.migrations.secretKey) }}
- name: EASYFLOW_MIGRATIONS_PROFILE
  value: {{ .Values.migrations.profile }}
- name: EASYFLOW_MIGRATIONS_REPLICAS
  value: {{ include "easyflow.replicaCounts" . | quote }}
- name: EASYFLOW_DATABASE_SSL_MODE
  value: {{ .Values.database.sslMode }}
- name: EASYFLOW_LOG_LEVEL
  value: {{ .Values.settings.logLevel }}
{{- if .Values.migrations.setPasswords }}
{{- range keys .Values.database.secretKeys | sortAlpha }}
{{ include "easyflow.rolePassword" (dict "root" $root "role" .) }}
{{- end }}
{{- end }}
{{- include "easyflow.trustVariable" . }}
{{- end -}}

{{- define "easyflow.trustVariable" -}}
{{- if .Values.trustedCertificates.existingConfigMap }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/easyflow/trust/ca.crt
{{- end }}
{{- end -}}
