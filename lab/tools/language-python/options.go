package main

import (
	"encoding/json"
	"fmt"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

// pythonEnvironment is where and how the Python of one program or plugin runs.
type pythonEnvironment struct {
	toolchain.Toolchain
	name string
}

// environmentOf reads `runtime.options` of Pulumi.yaml, PulumiPolicy.yaml or PulumiPlugin.yaml.
// A plugin without the option `virtualenv` uses the directory "venv": unlike a program, it never
// runs in the ambient Python.
func environmentOf(info *pulumirpc.ProgramInfo, isPlugin bool) (pythonEnvironment, error) {
	options := toolchain.PythonOptions{Root: info.GetRootDirectory(), ProgramDir: info.GetProgramDirectory()}
	given := map[string]string{}
	for key, value := range info.GetOptions().AsMap() {
		text, ok := value.(string)
		if !ok {
			return pythonEnvironment{}, fmt.Errorf("runtime option %q must be a string, it is %v", key, value)
		}
		given[key] = text
	}
	if checker := given["typechecker"]; checker != "" {
		return pythonEnvironment{}, fmt.Errorf("runtime option \"typechecker\" is %q: this language host runs no "+
			"type checker; leave the option out", checker)
	}
	options.Virtualenv = given["virtualenv"]
	switch given["toolchain"] {
	case "":
		options.Toolchain = toolchain.Auto
	case "pip":
		options.Toolchain = toolchain.Pip
	case "poetry":
		options.Toolchain = toolchain.Poetry
	case "uv":
		options.Toolchain = toolchain.Uv
	default:
		return pythonEnvironment{}, fmt.Errorf(
			"runtime option \"toolchain\" is %q; it must be pip, poetry or uv", given["toolchain"])
	}
	usesPip := options.Toolchain == toolchain.Pip || options.Toolchain == toolchain.Auto
	if isPlugin && usesPip && options.Virtualenv == "" {
		options.Virtualenv = "venv"
	}
	chain, err := toolchain.ResolveToolchain(options)
	if err != nil {
		return pythonEnvironment{}, err
	}
	return pythonEnvironment{chain, toolchain.Name(options.Toolchain)}, nil
}

// configurationVariables hand a stack's configuration to Python, where the SDK looks for objects: a
// stack without any has an empty one, not null.
func configurationVariables(config map[string]string, secretKeys []string) ([]string, error) {
	if config == nil {
		config = map[string]string{}
	}
	if secretKeys == nil {
		secretKeys = []string{}
	}
	values, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("encoding the stack's configuration: %w", err)
	}
	secrets, err := json.Marshal(secretKeys)
	if err != nil {
		return nil, fmt.Errorf("encoding the names of secret configuration: %w", err)
	}
	return []string{"PULUMI_CONFIG=" + string(values), "PULUMI_CONFIG_SECRET_KEYS=" + string(secrets)}, nil
}
