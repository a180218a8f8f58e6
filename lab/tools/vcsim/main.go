// Command vcsim serves a simulated vCenter over TLS: one datacenter with DRS clusters, each with a resource
// pool, a datastore and no virtual machine. Its inventory lives in memory and is lost when it ends.
//
// DRS follows anti-affinity rules and empties hosts in maintenance; HA starts the machines of a host that has
// been disconnected for a while on others.
//
// Scratch files of the datastore go below TMPDIR and are removed at the end.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	// Each adds the endpoints of one vCenter service.
	_ "github.com/vmware/govmomi/lookup/simulator"
	_ "github.com/vmware/govmomi/pbm/simulator"
	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/sts/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator"
)

// passwordVariable gives the password, which is in every user's sight on a command line.
const passwordVariable = "VCSIM_PASSWORD"

// drsPeriod is short, for nobody waits in the lab for what takes vCenter minutes.
const drsPeriod = 3 * time.Second

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	listen := flag.String("listen", "127.0.0.1:8989", "`host:port` to listen on")
	username := flag.String("username", "administrator@vsphere.local", "user that may log in")
	password := flag.String("password", os.Getenv(passwordVariable), "password, better given as $"+passwordVariable)
	hosts := flag.Int("hosts", 3, "number of hosts in each cluster")
	clusters := flag.Int("clusters", 1, "number of clusters")
	restart := flag.Duration("ha-restart", 20*time.Second, "time until HA starts the machines of a lost host elsewhere")
	certificate := flag.String("cert", "", "server certificate `file` (PEM)")
	key := flag.String("key", "", "private key `file` of the certificate (PEM)")
	flag.Parse()
	if *password == "" {
		return fmt.Errorf("a password is needed: set %s", passwordVariable)
	}
	if *hosts < 1 {
		return fmt.Errorf("-hosts is %d; a cluster needs at least one host", *hosts)
	}
	if *clusters < 1 {
		return fmt.Errorf("-clusters is %d; at least one is needed", *clusters)
	}
	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	if err != nil {
		return fmt.Errorf("loading the server certificate (-cert, -key): %w", err)
	}

	model := inventory(*clusters, *hosts)
	defer model.Remove()
	if err := model.Create(); err != nil {
		return fmt.Errorf("making the inventory: %w", err)
	}
	model.Map().AddHandler(completeMachine{})
	model.Map().AddHandler(inventoryKeeper{})
	model.Service.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	model.Service.Listen = &url.URL{Host: *listen, User: url.UserPassword(*username, *password)}
	model.Service.RegisterEndpoints = true

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := free(*listen); err != nil {
		return err
	}
	server := model.Service.NewServer()
	fmt.Printf("vCenter simulator on https://%s/sdk\n", server.URL.Host)
	newScheduler(model.Service, *restart).run(ctx, drsPeriod)
	return nil
}

// free says whether the simulator, which panics when it cannot listen, will be able to.
func free(address string) error {
	probe, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return probe.Close()
}

// inventory is /DC0 with the DRS clusters DC0_C0 and on, their hosts DC0_C0_H0 and on, the resource pools
// DC0_C0_RP1 and on, the datastore LocalDS_0 and the port group DC0_DVPG0.
func inventory(clusters, hosts int) *simulator.Model {
	model := simulator.VPX()
	model.Host = 0 // outside of the cluster
	model.Cluster = clusters
	model.ClusterHost = hosts
	model.Pool = 1
	model.Machine = 0
	return model
}
