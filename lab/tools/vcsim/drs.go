package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

type reference = types.ManagedObjectReference

// situation is what DRS and HA decide upon.
type situation struct {
	// hosts are all hosts of the cluster; usable are those that may be given a machine.
	hosts, usable []reference
	// lost are hosts that have not answered for so long that HA starts their machines elsewhere.
	lost []reference
	// at is the host of each machine that is powered on.
	at    map[reference]reference
	rules []types.ClusterAntiAffinityRuleSpec
}

// move is the decision to have a machine run on another host.
type move struct {
	machine, to reference
}

// plan decides which machines move: those of a lost host or one in maintenance, and those that share a host
// with another of their rule. A move goes to the host with the fewest machines of the same rules, and among
// these to the emptiest. No move makes a rule worse, and one that must hold is not broken by a restart.
func plan(s situation) []move {
	var moves []move
	machines := make([]reference, 0, len(s.at))
	for machine := range s.at {
		machines = append(machines, machine)
	}
	slices.SortFunc(machines, func(a, b reference) int { return cmp.Compare(a.Value, b.Value) })
	for _, machine := range machines {
		homeless := slices.Contains(s.lost, s.at[machine])
		conflicts, _ := s.conflicts(machine, s.at[machine])
		if !homeless && conflicts == 0 {
			continue
		}
		best, fewest, load := reference{}, conflicts, 0
		if homeless {
			fewest = len(s.at) + 1
		}
		for _, host := range s.usable {
			if host == s.at[machine] {
				continue
			}
			count, must := s.conflicts(machine, host)
			if must && homeless {
				continue
			}
			if count < fewest || (count == fewest && best != (reference{}) && s.load(host) < load) {
				best, fewest, load = host, count, s.load(host)
			}
		}
		if best != (reference{}) {
			moves = append(moves, move{machine, best})
			s.at[machine] = best
		}
	}
	return moves
}

// conflicts counts the machines on the host that a rule keeps apart from this one; strict says whether one
// of these rules must hold.
func (s situation) conflicts(machine, host reference) (count int, strict bool) {
	for _, rule := range s.rules {
		if !isTrue(rule.Enabled) || !slices.Contains(rule.Vm, machine) {
			continue
		}
		for _, other := range rule.Vm {
			if at, on := s.at[other]; on && other != machine && at == host {
				count++
				strict = strict || isTrue(rule.Mandatory)
			}
		}
	}
	return count, strict
}

func (s situation) load(host reference) int {
	number := 0
	for _, at := range s.at {
		if at == host {
			number++
		}
	}
	return number
}

// scheduler is DRS and HA of every cluster: it looks at them regularly.
type scheduler struct {
	client *vim25.Client
	// restart is the time until HA starts the machines of a host that does not answer elsewhere.
	restart   time.Duration
	silent    map[reference]time.Time
	inventory *view.ContainerView
}

func newScheduler(service *simulator.Service, restart time.Duration) *scheduler {
	client := &vim25.Client{RoundTripper: service}
	return &scheduler{client: client, restart: restart, silent: map[reference]time.Time{}}
}

// run looks at all clusters until the context ends.
func (s *scheduler) run(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if err := s.look(ctx, now); err != nil && ctx.Err() == nil {
				fmt.Fprintln(os.Stderr, "DRS:", err)
			}
		}
	}
}

func (s *scheduler) look(ctx context.Context, now time.Time) error {
	if s.client.ServiceContent.RootFolder.Value == "" {
		content, err := methods.GetServiceContent(ctx, s.client)
		if err != nil {
			return err
		}
		s.client.ServiceContent = content
	}
	var clusters []mo.ClusterComputeResource
	if err := s.all(ctx, "ClusterComputeResource", []string{"host", "configurationEx"}, &clusters); err != nil {
		return err
	}
	var hosts []mo.HostSystem
	if err := s.all(ctx, "HostSystem", []string{"runtime"}, &hosts); err != nil {
		return err
	}
	var machines []mo.VirtualMachine
	if err := s.all(ctx, "VirtualMachine", []string{"runtime"}, &machines); err != nil {
		return err
	}
	for _, found := range clusters {
		for _, move := range plan(s.situation(found, hosts, machines, now)) {
			spec := types.VirtualMachineRelocateSpec{Host: &move.to}
			machine := object.NewVirtualMachine(s.client, move.machine)
			task, err := machine.Relocate(ctx, spec, types.VirtualMachineMovePriorityDefaultPriority)
			if err != nil {
				return err
			}
			if err := task.Wait(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *scheduler) situation(
	found mo.ClusterComputeResource, hosts []mo.HostSystem, machines []mo.VirtualMachine, now time.Time,
) situation {
	seen := situation{at: map[reference]reference{}}
	for _, host := range hosts {
		if !slices.Contains(found.Host, host.Self) {
			continue
		}
		seen.hosts = append(seen.hosts, host.Self)
		if host.Runtime.ConnectionState == types.HostSystemConnectionStateConnected {
			delete(s.silent, host.Self)
			if host.Runtime.InMaintenanceMode {
				seen.lost = append(seen.lost, host.Self)
			} else {
				seen.usable = append(seen.usable, host.Self)
			}
			continue
		}
		if _, known := s.silent[host.Self]; !known {
			s.silent[host.Self] = now
		}
		if now.Sub(s.silent[host.Self]) >= s.restart {
			seen.lost = append(seen.lost, host.Self)
		}
	}
	for _, machine := range machines {
		on := machine.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
		if at := machine.Runtime.Host; on && at != nil && slices.Contains(seen.hosts, *at) {
			seen.at[machine.Self] = *at
		}
	}
	configuration, ok := found.ConfigurationEx.(*types.ClusterConfigInfoEx)
	if !ok || !isTrue(configuration.DrsConfig.Enabled) {
		return seen
	}
	for _, rule := range configuration.Rule {
		if apart, ok := rule.(*types.ClusterAntiAffinityRuleSpec); ok {
			seen.rules = append(seen.rules, *apart)
		}
	}
	return seen
}

// all reads properties of the objects of a kind, through one view of the whole inventory.
func (s *scheduler) all(ctx context.Context, kind string, properties []string, into any) error {
	if s.inventory == nil {
		kinds := []string{"ClusterComputeResource", "HostSystem", "VirtualMachine"}
		root := s.client.ServiceContent.RootFolder
		found, err := view.NewManager(s.client).CreateContainerView(ctx, root, kinds, true)
		if err != nil {
			return err
		}
		s.inventory = found
	}
	return s.inventory.Retrieve(ctx, []string{kind}, properties, into)
}

func isTrue(value *bool) bool { return value != nil && *value }
