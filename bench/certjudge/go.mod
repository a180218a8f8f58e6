module rancher-on-pks/bench/certjudge

go 1.26.0
