package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// completeMachine fills in what the simulator leaves out of a new virtual machine: it would send
// enumerations with an empty value, at which pyVmomi fails.
type completeMachine struct{}

func (completeMachine) Reference() types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "CompleteMachine", Value: "CompleteMachine"}
}

func (completeMachine) PutObject(_ *simulator.Context, object mo.Reference) {
	if machine, ok := object.(*simulator.VirtualMachine); ok {
		for _, runtime := range []*types.VirtualMachineRuntimeInfo{&machine.Runtime, &machine.Summary.Runtime} {
			runtime.FaultToleranceState = types.VirtualMachineFaultToleranceStateNotConfigured
			runtime.RecordReplayState = types.VirtualMachineRecordReplayStateInactive
		}
	}
}

func (completeMachine) UpdateObject(*simulator.Context, mo.Reference, []types.PropertyChange) {}

func (completeMachine) RemoveObject(*simulator.Context, types.ManagedObjectReference) {}
