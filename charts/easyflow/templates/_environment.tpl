{{/* Settings that all services share and that are no secret: the data of one ConfigMap. */}}
{{- define "easyflow.settings" -}}
EASYFLOW_HTTP_PORT: {{ include "easyflow.port" . | quote }}
EASYFLOW_DATABASE_HOST: {{ .Values.database.host | quote }}
EASYFLOW_DATABASE_PORT: {{ .Values.database.port | quote }}
EASYFLOW_DATABASE_NAME: {{ .Values.database.name | quote }}
EASYFLOW_DATABASE_SSL_MODE: {{ .Values.database.sslMode | quote }}
EASYFLOW_KAFKA_BROKERS: {{ join "," .Values.kafka.brokers | quote }}
EASYFLOW_KAFKA_TLS: {{ .Values.kafka.tls | quote }}
EASYFLOW_LOG_LEVEL: {{ .Values.settings.logLevel | quote }}
EASYFLOW_SHUTDOWN_DRAIN_SECONDS: {{ .Values.shutdown.drainSeconds | quote }}
EASYFLOW_ISSUER_URL: {{ printf "http://%s-issuer" (include "easyflow.fullname" .) | quote }}
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

{{- define "easyflow.serviceEnvironment" -}}
{{- $values := .root.Values -}}
- name: EASYFLOW_POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: OTEL_SERVICE_NAME
  value: easyflow-{{ .service }}
{{- range get (include "easyflow.roles" . | fromYaml) .service }}
{{ include "easyflow.secretVariable" (dict "name" (printf "EASYFLOW_DATABASE_PASSWORD_%s" (. | upper)) "secret" $values.database.existingSecret "key" (get $values.database.secretKeys .)) }}
{{- end }}
- name: EASYFLOW_IDENTITY_KEY_FILE
  value: {{ include "easyflow.identityFolder" .root }}/key.pem
{{- end -}}

{{- define "easyflow.migrationEnvironment" -}}
{{ include "easyflow.secretVariable" (dict "name" "EASYFLOW_MIGRATIONS_DATABASE_URL" "secret" .Values.migrations.existingSecret "key" .Values.migrations.secretKey) }}
{{- end -}}

{{- define "easyflow.identityFolder" -}}
/etc/easyflow/identity
{{- end -}}

{{/* The service's own key file, readable by its group only. */}}
{{- define "easyflow.identityVolume" -}}
- name: identity
  secret:
    secretName: {{ .root.Values.identity.existingSecret }}
    defaultMode: 0440
    items:
      - key: {{ get .root.Values.identity.secretKeys .service }}
        path: key.pem
{{- end -}}
