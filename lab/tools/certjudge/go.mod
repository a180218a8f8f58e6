module rancher-on-pks/lab/tools/certjudge

go 1.26.0
