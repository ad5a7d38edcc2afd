{{/* One egress policy: (dict "root" $ "name" "database" "components" (list …) "ports" (list …) "peers" (list …)). */}}
{{- define "easyflow.egressPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "easyflow.fullname" .root }}-{{ .name }}-egress
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "easyflow.labels" (dict "root" .root) | nindent 4 }}
spec:
  podSelector:
    {{- include "easyflow.componentSelector" . | nindent 4 }}
  policyTypes: [Egress]
  egress:
    - ports:
        {{- range .ports }}
        - protocol: TCP
          port: {{ . }}
        {{- end }}
      {{- with .peers }}
      to:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end -}}

{{- define "easyflow.componentSelector" -}}
matchLabels:
  {{- include "easyflow.selectorLabels" (dict "root" .root) | nindent 2 }}
matchExpressions:
  - key: app.kubernetes.io/component
    operator: In
    values: {{ toJson .components }}
{{- end -}}

{{/* host:port → port; without one the given default. */}}
{{- define "easyflow.portOf" -}}
{{- $match := regexFind ":[0-9]+$" .address -}}
{{- if $match -}}{{ trimPrefix ":" $match }}{{- else -}}{{ .default }}{{- end -}}
{{- end -}}
