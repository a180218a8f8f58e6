package vsphere

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

var errNoCluster = errors.New("cannot locate cluster")

func create(ctx context.Context, client *govmomi.Client, wanted rule) (string, resource.PropertyMap, error) {
	cluster, err := clusterOf(ctx, client, wanted.cluster)
	if err != nil {
		return "", nil, err
	}
	info, err := specification(ctx, client, wanted, 0)
	if err != nil {
		return "", nil, err
	}
	if err := reconfigure(ctx, cluster, types.ArrayUpdateOperationAdd, info, 0); err != nil {
		return "", nil, err
	}
	made, err := named(ctx, cluster, wanted.name)
	if err != nil {
		return "", nil, err
	}
	id := idOf(cluster, made.Key)
	state, err := get(ctx, client, id)
	return id, state, err
}

func update(ctx context.Context, client *govmomi.Client, id string, wanted rule) (resource.PropertyMap, error) {
	cluster, key, err := parse(ctx, client, id)
	if err != nil {
		return nil, err
	}
	info, err := specification(ctx, client, wanted, key)
	if err != nil {
		return nil, err
	}
	if err := reconfigure(ctx, cluster, types.ArrayUpdateOperationEdit, info, 0); err != nil {
		return nil, err
	}
	return get(ctx, client, id)
}

// get is the state of a rule, nil when it is gone. A cluster that is gone is an error, as it is to the
// real plugin.
func get(ctx context.Context, client *govmomi.Client, id string) (resource.PropertyMap, error) {
	cluster, key, err := parse(ctx, client, id)
	if err != nil {
		return nil, err
	}
	rules, err := rulesOf(ctx, cluster)
	if err != nil {
		return nil, err
	}
	for _, info := range rules {
		if info.GetClusterRuleInfo().Key != key {
			continue
		}
		apart, ok := info.(*types.ClusterAntiAffinityRuleSpec)
		if !ok {
			return nil, fmt.Errorf("rule key %d in cluster %q is not a VM anti-affinity rule", key, cluster.Reference().Value)
		}
		machines, err := uuids(ctx, client, apart.Vm)
		if err != nil {
			return nil, err
		}
		found := rule{apart.Name, cluster.Reference().Value, machines, isTrue(apart.Enabled), isTrue(apart.Mandatory)}
		return found.properties(id), nil
	}
	return nil, nil
}

// remove fails when the rule is gone already, as vCenter lets the real plugin's deletion fail.
func remove(ctx context.Context, client *govmomi.Client, id string) error {
	cluster, key, err := parse(ctx, client, id)
	if err != nil {
		return err
	}
	return reconfigure(ctx, cluster, types.ArrayUpdateOperationRemove, nil, key)
}

// imported is the id of the rule that an import names.
func imported(ctx context.Context, client *govmomi.Client, text string) (string, error) {
	var data map[string]string
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		return "", err
	}
	for _, key := range []string{"compute_cluster_path", "name"} {
		if _, given := data[key]; !given {
			return "", fmt.Errorf("missing %s in input data", key)
		}
	}
	path := data["compute_cluster_path"]
	cluster, err := find.NewFinder(client.Client, false).ClusterComputeResource(ctx, path)
	if err != nil {
		return "", fmt.Errorf("cannot locate cluster %q: %w", path, err)
	}
	found, err := named(ctx, cluster, data["name"])
	if err != nil {
		return "", err
	}
	return idOf(cluster, found.Key), nil
}

func idOf(cluster *object.ClusterComputeResource, key int32) string {
	return fmt.Sprintf("%s:%d", cluster.Reference().Value, key)
}

func parse(ctx context.Context, client *govmomi.Client, id string) (*object.ClusterComputeResource, int32, error) {
	name, number, found := strings.Cut(id, ":")
	if !found {
		return nil, 0, fmt.Errorf("bad ID %q", id)
	}
	key, err := strconv.ParseInt(number, 10, 32)
	if err != nil {
		return nil, 0, fmt.Errorf("bad key in ID %q: %w", number, err)
	}
	cluster, err := clusterOf(ctx, client, name)
	return cluster, int32(key), err
}

func clusterOf(ctx context.Context, client *govmomi.Client, id string) (*object.ClusterComputeResource, error) {
	reference := types.ManagedObjectReference{Type: "ClusterComputeResource", Value: id}
	var found mo.ClusterComputeResource
	err := property.DefaultCollector(client.Client).RetrieveOne(ctx, reference, []string{"name"}, &found)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoCluster, err)
	}
	return object.NewClusterComputeResource(client.Client, reference), nil
}

func rulesOf(ctx context.Context, cluster *object.ClusterComputeResource) ([]types.BaseClusterRuleInfo, error) {
	configuration, err := cluster.Configuration(ctx)
	if err != nil {
		return nil, fmt.Errorf("error fetching cluster properties: %w", err)
	}
	return configuration.Rule, nil
}

func named(
	ctx context.Context, cluster *object.ClusterComputeResource, name string,
) (*types.ClusterAntiAffinityRuleSpec, error) {
	rules, err := rulesOf(ctx, cluster)
	if err != nil {
		return nil, err
	}
	for _, info := range rules {
		if info.GetClusterRuleInfo().Name == name {
			if apart, ok := info.(*types.ClusterAntiAffinityRuleSpec); ok {
				return apart, nil
			}
			return nil, fmt.Errorf("rule %q in cluster %q is not a VM anti-affinity rule", name, cluster.Reference().Value)
		}
	}
	return nil, fmt.Errorf("no VM anti-affinity rule %q found in cluster %q", name, cluster.Reference().Value)
}

func specification(
	ctx context.Context, client *govmomi.Client, wanted rule, key int32,
) (*types.ClusterAntiAffinityRuleSpec, error) {
	spec := &types.ClusterAntiAffinityRuleSpec{ClusterRuleInfo: types.ClusterRuleInfo{
		Key: key, Name: wanted.name, Enabled: &wanted.enabled, Mandatory: &wanted.mandatory,
		UserCreated: types.NewBool(true),
	}}
	index := object.NewSearchIndex(client.Client)
	for _, id := range wanted.machines {
		found, err := index.FindByUuid(ctx, nil, id, true, types.NewBool(false))
		if err != nil {
			return nil, err
		}
		if found == nil {
			return nil, fmt.Errorf("virtual machine with UUID %q not found", id)
		}
		spec.Vm = append(spec.Vm, found.Reference())
	}
	return spec, nil
}

func uuids(ctx context.Context, client *govmomi.Client, machines []types.ManagedObjectReference) ([]string, error) {
	if len(machines) == 0 {
		return nil, nil
	}
	var found []mo.VirtualMachine
	collector := property.DefaultCollector(client.Client)
	if err := collector.Retrieve(ctx, machines, []string{"config.uuid"}, &found); err != nil {
		return nil, fmt.Errorf("error fetching virtual machine properties: %w", err)
	}
	ids := make([]string, 0, len(found))
	for _, machine := range found {
		if machine.Config != nil {
			ids = append(ids, machine.Config.Uuid)
		}
	}
	return ids, nil
}

// waiting is held during the wait for a vCenter task. The real plugin waits for all tasks with the single
// property collector of its session, and one of two concurrent waits may last until its deadline of five
// minutes. The stand-in fails at once, and every time, if two rules change concurrently.
var waiting sync.Mutex

func reconfigure(
	ctx context.Context, cluster *object.ClusterComputeResource, operation types.ArrayUpdateOperation,
	info *types.ClusterAntiAffinityRuleSpec, removed int32,
) error {
	if !waiting.TryLock() {
		return errors.New("another rule is changing: the real plugin may never see the end of one of the two tasks")
	}
	defer waiting.Unlock()
	change := types.ClusterRuleSpec{ArrayUpdateSpec: types.ArrayUpdateSpec{Operation: operation}}
	if info != nil {
		change.Info = info
	} else {
		change.RemoveKey = removed
	}
	task, err := cluster.Reconfigure(ctx, &types.ClusterConfigSpecEx{RulesSpec: []types.ClusterRuleSpec{change}}, true)
	if err != nil {
		return err
	}
	return task.Wait(ctx)
}

func isTrue(value *bool) bool { return value != nil && *value }
