{{/* The release's name if it contains the chart's name, else both. */}}
{{- define "rancher.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- $full | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Before the names of all images but rancherImage. */}}
{{- define "rancher.registry" -}}
{{- with .Values.systemDefaultRegistry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- end -}}

{{- define "rancher.image" -}}
{{- $named := printf "%s%s" (include "rancher.registry" .) .Values.image.repository -}}
{{- .Values.rancherImage | default $named }}:{{ .Values.rancherImageTag | default .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "rancher.labels" -}}
app: {{ include "rancher.fullname" . }}
chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | trunc 63 | trimSuffix "-" }}
heritage: {{ .Release.Service }}
release: {{ .Release.Name }}
{{- end -}}

{{/* Non-empty if Rancher runs with --no-cacerts, because it has no CA to publish. */}}
{{- define "rancher.withoutCA" -}}
{{- $own := and (eq .Values.tls "ingress") (eq .Values.ingress.tls.source "rancher") -}}
{{- if not (or .Values.privateCA $own) }}true{{ end -}}
{{- end -}}
