package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

func references(kind string, number int) []reference {
	found := make([]reference, number)
	for i := range found {
		found[i] = reference{Type: kind, Value: fmt.Sprintf("%s-%d", kind, i)}
	}
	return found
}

func apart(mandatory bool, machines ...reference) types.ClusterAntiAffinityRuleSpec {
	rule := types.ClusterAntiAffinityRuleSpec{Vm: machines}
	rule.Enabled, rule.Mandatory = types.NewBool(true), types.NewBool(mandatory)
	return rule
}

func together(hosts, machines []reference) situation {
	s := situation{hosts: hosts, usable: hosts, at: map[reference]reference{}}
	for _, machine := range machines {
		s.at[machine] = hosts[0]
	}
	return s
}

func TestWithoutRulesNothingMoves(t *testing.T) {
	if moves := plan(together(references("host", 3), references("vm", 6))); len(moves) > 0 {
		t.Errorf("moved %v", moves)
	}
}

func TestARuleMovesItsMachinesApartAndThenRests(t *testing.T) {
	machines := references("vm", 6)
	s := together(references("host", 4), machines)
	s.rules = []types.ClusterAntiAffinityRuleSpec{apart(false, machines[:3]...), apart(false, machines[3:]...)}
	plan(s)
	for _, rule := range s.rules {
		taken := map[reference]bool{}
		for _, machine := range rule.Vm {
			taken[s.at[machine]] = true
		}
		if len(taken) != 3 {
			t.Errorf("three machines on %d hosts", len(taken))
		}
	}
	if moves := plan(s); len(moves) > 0 {
		t.Errorf("moved again: %v", moves)
	}
}

func TestWithTooFewHostsAsManyAreApartAsCanBe(t *testing.T) {
	machines := references("vm", 3)
	s := together(references("host", 2), machines)
	s.rules = []types.ClusterAntiAffinityRuleSpec{apart(false, machines...)}
	if moves := plan(s); len(moves) != 1 {
		t.Errorf("moves: %v", moves)
	}
	if moves := plan(s); len(moves) > 0 {
		t.Errorf("moved again: %v", moves)
	}
}

func TestMachinesOfALostHostStartElsewhereUnlessARuleForbids(t *testing.T) {
	hosts, machines := references("host", 3), references("vm", 3)
	for _, mandatory := range []bool{false, true} {
		s := together(hosts, machines)
		for i, machine := range machines {
			s.at[machine] = hosts[i]
		}
		s.usable, s.lost = hosts[1:], hosts[:1]
		s.rules = []types.ClusterAntiAffinityRuleSpec{apart(mandatory, machines...)}
		if moves := plan(s); (len(moves) == 1) == mandatory {
			t.Errorf("mandatory %v: moves %v", mandatory, moves)
		}
	}
}

func TestADisabledRuleIsNotFollowed(t *testing.T) {
	machines := references("vm", 2)
	s := together(references("host", 2), machines)
	rule := apart(true, machines...)
	rule.Enabled = types.NewBool(false)
	s.rules = []types.ClusterAntiAffinityRuleSpec{rule}
	if moves := plan(s); len(moves) > 0 {
		t.Errorf("moved %v", moves)
	}
}

func TestTheSimulatorFollowsItsRules(t *testing.T) {
	model := inventory(1, 3)
	model.Machine = 3
	if err := model.Create(); err != nil {
		t.Fatal(err)
	}
	defer model.Remove()
	model.Map().AddHandler(inventoryKeeper{})
	model.Service.TLS = new(tls.Config)
	defer model.Service.NewServer().Close()
	found := model.Map().Any("ClusterComputeResource").(*simulator.ClusterComputeResource)
	host := model.Map().Any("HostSystem").(*simulator.HostSystem)
	var machines []reference
	for _, entity := range model.Map().All("VirtualMachine") {
		machine := entity.(*simulator.VirtualMachine)
		machines = append(machines, machine.Self)
		machine.Runtime.Host = &host.Self
	}
	for _, entity := range model.Map().All("HostSystem") {
		entity.(*simulator.HostSystem).Vm = nil
	}
	host.Vm = slices.Clone(machines)
	rule := apart(false, machines...)
	configuration := found.ConfigurationEx.(*types.ClusterConfigInfoEx)
	configuration.Rule = append(configuration.Rule, &rule)
	if err := newScheduler(model.Service, 0).look(context.Background(), time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, entity := range model.Map().All("HostSystem") {
		if on := entity.(*simulator.HostSystem).Vm; len(on) != 1 {
			t.Errorf("%s has %v", entity.Reference().Value, on)
		}
	}
	model.Map().Remove(model.Service.Context, machines[0])
	if left := configuration.Rule[0].(*types.ClusterAntiAffinityRuleSpec).Vm; len(left) != 2 {
		t.Errorf("the rule of a destroyed machine holds %v", left)
	}
}
