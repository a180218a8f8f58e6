package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// inventoryKeeper keeps what refers to a virtual machine right, which the simulator forgets: the hosts' lists
// when it moves, and the rules when it is destroyed.
type inventoryKeeper struct{}

func (inventoryKeeper) Reference() types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "InventoryKeeper", Value: "InventoryKeeper"}
}

func (inventoryKeeper) PutObject(*simulator.Context, mo.Reference) {}

func (inventoryKeeper) UpdateObject(ctx *simulator.Context, object mo.Reference, changes []types.PropertyChange) {
	machine := object.Reference()
	for _, change := range changes {
		at, ok := change.Val.(*types.ManagedObjectReference)
		if change.Name != "runtime.host" || machine.Type != "VirtualMachine" || !ok {
			continue
		}
		for _, entity := range ctx.Map.All("HostSystem") {
			host := entity.(*simulator.HostSystem)
			if host.Self == *at {
				ctx.Map.AddReference(ctx, host, &host.Vm, machine)
			} else {
				ctx.Map.RemoveReference(ctx, host, &host.Vm, machine)
			}
		}
	}
}

// RemoveObject takes a destroyed machine out of the rules; one that has none left goes, too.
func (inventoryKeeper) RemoveObject(ctx *simulator.Context, removed types.ManagedObjectReference) {
	if removed.Type != "VirtualMachine" {
		return
	}
	for _, entity := range ctx.Map.All("ClusterComputeResource") {
		found, ok := entity.(*simulator.ClusterComputeResource)
		if !ok {
			continue
		}
		ctx.WithLock(found, func() {
			configuration := found.ConfigurationEx.(*types.ClusterConfigInfoEx)
			configuration.Rule = slices.DeleteFunc(configuration.Rule, func(rule types.BaseClusterRuleInfo) bool {
				return without(rule, removed)
			})
		})
	}
}

// without takes the machine out of the rule and says whether that was its last.
func without(rule types.BaseClusterRuleInfo, machine types.ManagedObjectReference) bool {
	apart, ok := rule.(*types.ClusterAntiAffinityRuleSpec)
	if !ok || !slices.Contains(apart.Vm, machine) {
		return false
	}
	kept := slices.Clone(apart.Vm)
	apart.Vm = slices.DeleteFunc(kept, func(vm types.ManagedObjectReference) bool { return vm == machine })
	return len(apart.Vm) == 0
}
