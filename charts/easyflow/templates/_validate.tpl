{{/* What a schema cannot say: values that are missing, or do not fit each other. All at once, by name. */}}
{{- define "easyflow.validate" -}}
{{- $problems := list -}}
{{- if not .Values.database.host -}}
{{- $problems = append $problems "database.host is missing: the chart brings no Postgres; name yours" -}}
{{- end -}}
{{- if not .Values.kafka.brokers -}}
{{- $problems = append $problems "kafka.brokers is empty: the chart brings no Kafka; name your brokers as host:port" -}}
{{- end -}}
{{- range $group := list "database" "identity" "issuer" -}}
{{- if not (get $.Values $group).existingSecret -}}
{{- $problems = append $problems (printf "%s.existingSecret is missing: make the secret that the README describes and name it" $group) -}}
{{- end -}}
{{- end -}}
{{- if and (ne .Values.migrations.mode "none") (not .Values.migrations.existingSecret) -}}
{{- $problems = append $problems "migrations.existingSecret is missing: name the secret with the URL of a user that may migrate, or set migrations.mode to none" -}}
{{- end -}}
{{- if and .Values.image.tag .Values.image.digest -}}
{{- $problems = append $problems "image.tag and image.digest are both given: the digest would win; leave one out" -}}
{{- end -}}
{{- range $service, $values := .Values.services -}}
{{- if and $values.autoscaling.enabled (lt (int $values.autoscaling.maxReplicas) (int $values.autoscaling.minReplicas)) -}}
{{- $problems = append $problems (printf "services.%s.autoscaling: maxReplicas is below minReplicas" $service) -}}
{{- end -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "\n  - %s" (join "\n  - " $problems)) -}}
{{- end -}}
{{- end -}}
