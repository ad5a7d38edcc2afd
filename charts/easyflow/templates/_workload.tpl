{{/* The Deployment of one service: (dict "root" $ "service" "gateway"). */}}
{{- define "easyflow.deployment" -}}
{{- $root := .root -}}
{{- $service := .service -}}
{{- $values := get $root.Values.services $service -}}
{{- $labels := dict "root" $root "component" $service -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "easyflow.fullname" $root }}-{{ $service }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "easyflow.labels" $labels | nindent 4 }}
spec:
  {{- /* An autoscaler owns the number; naming it here as well would reset it at every upgrade. */}}
  {{- if not $values.autoscaling.enabled }}
  replicas: {{ $values.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      {{- include "easyflow.selectorLabels" $labels | nindent 6 }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 25%
      maxUnavailable: 0
  template:
    metadata:
      labels:
        {{- include "easyflow.labels" $labels | nindent 8 }}
        {{- with $root.Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        easyflow.io/settings-checksum: {{ include "easyflow.settings" $root | sha256sum }}
        {{- with $root.Values.secretsRevision }}
        easyflow.io/secrets-revision: {{ . | quote }}
        {{- end }}
        {{- with $root.Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "easyflow.podSecurity" $root | nindent 6 }}
      terminationGracePeriodSeconds: {{ include "easyflow.gracePeriod" $root }}
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - topologyKey: {{ . }}
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "easyflow.selectorLabels" $labels | nindent 14 }}
        {{- end }}
      {{- with $root.Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $root.Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ $service }}
          image: {{ include "easyflow.image" $root | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: ["apps/{{ $service }}/dist/main.js"]
          {{- include "easyflow.containerSecurity" $root | nindent 10 }}
          ports:
            - name: http
              containerPort: {{ include "easyflow.port" $root }}
              protocol: TCP
          envFrom:
            - configMapRef:
                name: {{ include "easyflow.fullname" $root }}-settings
          env:
            {{- include "easyflow.serviceEnvironment" . | nindent 12 }}
          {{- /* Slow starts are the startup probe's business, so that liveness can be strict. */}}
          startupProbe:
            httpGet: { path: /healthz, port: http }
            periodSeconds: 2
            timeoutSeconds: 2
            failureThreshold: 45
          readinessProbe:
            httpGet: { path: /readyz, port: http }
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 2
          {{- /* Answers while the event loop turns, whatever the dependencies do: a restart cures no database. */}}
          livenessProbe:
            httpGet: { path: /healthz, port: http }
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          {{- /* Endpoints leave the load balancers while the process still answers. */}}
          lifecycle:
            preStop:
              sleep:
                seconds: {{ $root.Values.shutdown.preStopSeconds }}
          resources:
            {{- toYaml $values.resources | nindent 12 }}
          volumeMounts:
            {{- include "easyflow.commonMounts" $root | nindent 12 }}
            {{- include "easyflow.serviceMounts" . | nindent 12 }}
      volumes:
        {{- include "easyflow.commonVolumes" $root | nindent 8 }}
        {{- include "easyflow.serviceVolumes" . | nindent 8 }}
{{- end -}}

{{/* Longer than waiting for endpoints to leave and draining together, with room for the last commit. */}}
{{- define "easyflow.gracePeriod" -}}
{{- add .Values.shutdown.preStopSeconds .Values.shutdown.drainSeconds 10 -}}
{{- end -}}

{{- define "easyflow.port" -}}
8080
{{- end -}}

{{/* The services whose Deployments are rendered, as a YAML list in a fixed order. */}}
{{- define "easyflow.services" -}}
[gateway, flow-registry, scheduler, executor, analytics, issuer]
{{- end -}}
