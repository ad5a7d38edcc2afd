{{/* The files of a pod, besides its scratch folder; each from something that exists before the release. */}}

{{/* (dict "root" $ "service" "gateway"): its own key file and, for the issuer, its keys; readable by its group. */}}
{{- define "easyflow.serviceVolumes" -}}
- name: identity
  secret:
    secretName: {{ .root.Values.identity.existingSecret }}
    defaultMode: 0440
    items:
      - key: {{ get .root.Values.identity.secretKeys .service }}
        path: key.pem
{{- if eq .service "issuer" }}
- name: issuer
  secret:
    secretName: {{ .root.Values.issuer.existingSecret }}
    defaultMode: 0440
    items:
      - key: {{ .root.Values.issuer.secretKeys.signingKey }}
        path: signing-key.pem
      - key: {{ .root.Values.issuer.secretKeys.workloads }}
        path: workloads.json
{{- end }}
{{- end -}}

{{- define "easyflow.serviceMounts" -}}
- name: identity
  mountPath: /etc/easyflow/identity
  readOnly: true
{{- if eq .service "issuer" }}
- name: issuer
  mountPath: /etc/easyflow/issuer
  readOnly: true
{{- end }}
{{- end -}}

{{- define "easyflow.commonVolumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- with .Values.trustedCertificates.existingConfigMap }}
- name: trust
  configMap:
    name: {{ . }}
    items:
      - key: {{ $.Values.trustedCertificates.key }}
        path: ca.crt
{{- end }}
{{- end -}}

{{- define "easyflow.commonMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.trustedCertificates.existingConfigMap }}
- name: trust
  mountPath: /etc/easyflow/trust
  readOnly: true
{{- end }}
{{- end -}}
