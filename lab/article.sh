#!/usr/bin/env bash
# The article's commands for steps 1, 3, 4 and 5 in sequence, as typed by a user: waits poll every five
# seconds (`watch -n 5`). `make bench` compares `pulumi up` with it in the same lab.
# Needs the variables of `python -m lab env`; the work directory is the first argument.
set -euo pipefail
work=$1
cd "$work"
export KUBECONFIG="$work/kubeconfig" PKS_HOME="$work/pks" HELM_CACHE_HOME="$work/helm" HELM_CONFIG_HOME="$work/helm"
cluster=czpksrancher05 hostname=czpksrancher05.lab.test rancher=czrancherblog.lab.test charts=$LAB_CHARTS

# Step 1: network profile, cluster, credentials
pks login -a "$PKS_API" -u "$PKS_USERNAME" -p "$PKS_PASSWORD" --ca-cert "$LAB_HOME/ca/ca.crt"
pks plans
cat > lb-medium.json <<'JSON'
{"name": "lb-medium", "description": "Network profile for medium NSX-T load balancer",
 "parameters": {"lb_size": "medium"}}
JSON
pks create-network-profile lb-medium.json
pks network-profiles
pks create-cluster "$cluster" -e "$hostname" -p rancher --network-profile lb-medium --non-interactive
until pks cluster "$cluster" | grep -q 'succeeded'; do sleep 5; done
pks get-credentials "$cluster"
# No DNS in the lab: kubectl uses the master address from `pks cluster` and verifies the hostname.
address=$(pks cluster "$cluster" | sed -n 's/^Kubernetes Master IP(s): *//p')
kubectl config set-cluster "$cluster" --server "https://$address:8443" --tls-server-name "$hostname"
kubectl cluster-info

# Step 3: certificate of the enterprise CA, secrets
kubectl create ns cattle-system
openssl req -new -newkey rsa:2048 -nodes -keyout rancher.key -out rancher.csr -subj "/CN=$rancher"
openssl x509 -req -in rancher.csr -CA "$LAB_HOME/ca/ca.crt" -CAkey "$LAB_HOME/ca/ca.key" -CAcreateserial \
  -days 365 -out rancher.cer -extfile <(echo "subjectAltName=DNS:$rancher")
cp "$LAB_HOME/ca/ca.crt" cacerts.pem
kubectl -n cattle-system create secret generic tls-ca --from-file=cacerts.pem
kubectl -n cattle-system create secret tls czrancherblog-secret --cert=rancher.cer --key=rancher.key

# Step 4: ingress controller, address, Ingress, the 503 with a green lock
helm repo add lab "$charts"
helm repo update
helm install nginx lab/ingress-nginx --namespace cattle-system --set controller.kind=DaemonSet \
  --set controller.service.ports.http=8080 --set controller.service.ports.https=8443
service=nginx-ingress-nginx-controller
vip() { kubectl -n cattle-system get svc "$service" -o jsonpath='{.status.loadBalancer.ingress[*].ip}'; }
until [ -n "$(vip)" ]; do sleep 5; done
vip=$(vip | tr ' ' '\n' | grep '^127\.')
kubectl create -f - <<YAML
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: rancher-ingress
  namespace: cattle-system
  annotations: {kubernetes.io/ingress.class: nginx}
spec:
  rules:
  - host: $rancher
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: rancher, port: {number: 80}}}}]}
  tls:
  - hosts: [$rancher]
    secretName: czrancherblog-secret
YAML
get() { curl -s --cacert cacerts.pem --resolve "$rancher:8443:$vip" "https://$rancher:8443$1"; }
until get / | grep -q 503; do sleep 5; done

# Step 5: Rancher
helm install rancher lab/rancher --namespace cattle-system --set hostname="$rancher" \
  --set ingress.tls.source=secret --set privateCA=true
kubectl -n cattle-system delete ing rancher
until [ "$(kubectl -n cattle-system get deploy rancher -o jsonpath='{.status.readyReplicas}')" = 3 ]; do sleep 5; done
until [ "$(get /ping)" = pong ]; do sleep 5; done
