package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"

	sdk "github.com/pulumi/pulumi/sdk/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// RunPlugin runs a policy pack or a provider that is written in Python until the engine is done with it.
func (h *host) RunPlugin(
	request *pulumirpc.RunPluginRequest, stream pulumirpc.LanguageRuntime_RunPluginServer,
) error {
	if request.GetAttachDebugger() {
		return errors.New("this language host cannot attach a debugger")
	}
	isPolicyPack := request.GetKind() == string(apitype.AnalyzerPlugin)
	python, err := environmentOf(request.GetInfo(), !isPolicyPack)
	if err != nil {
		return err
	}
	ctx, done := h.within(stream.Context())
	defer done()
	if err := python.ValidateVenv(ctx); err != nil {
		return err
	}
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(stream, false)
	if err != nil {
		return err
	}
	run := runProvider
	if isPolicyPack {
		run = runPolicyPack
	}
	code, err := exitCode(run(ctx, python, request, stdout, stderr))
	if err != nil {
		return errors.Join(fmt.Errorf("running the plugin in %s: %w",
			request.GetInfo().GetProgramDirectory(), err), closer.Close())
	}
	if err := closer.Close(); err != nil {
		return err
	}
	return stream.Send(&pulumirpc.RunPluginResponse{
		Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(code)},
	})
}

// runProvider runs the __main__.py of a plugin's directory.
func runProvider(
	ctx context.Context, python pythonEnvironment, request *pulumirpc.RunPluginRequest, stdout, stderr io.Writer,
) error {
	arguments := append([]string{request.GetInfo().GetProgramDirectory()}, request.GetArgs()...)
	command, err := pluginCommand(ctx, python, request, arguments)
	if err != nil {
		return err
	}
	command.Dir = request.GetPwd()
	command.Stdout, command.Stderr = stdout, stderr
	return command.Run()
}

// runPolicyPack runs a policy pack. A Python pack reads the stack's configuration from the
// environment, while the engine sends it after it has connected; so the SDK's proxy takes the
// engine's connection first, and hands it on once the pack listens.
func runPolicyPack(
	ctx context.Context, python pythonEnvironment, request *pulumirpc.RunPluginRequest, stdout, stderr io.Writer,
) error {
	directory := request.GetInfo().GetProgramDirectory()
	arguments := append([]string{"-u", "-m", "pulumi.policy"}, request.GetArgs()...)
	command, err := pluginCommand(ctx, python, request, append(arguments, directory))
	if err != nil {
		return err
	}
	command.Dir = directory
	proxy, stdout, err := sdk.NewPolicyProxy(ctx, stdout)
	if err != nil {
		return err
	}
	stack, err := proxy.AwaitConfiguration(ctx)
	if err != nil {
		return fmt.Errorf("waiting for the stack's configuration: %w", err)
	}
	if stack != nil {
		variables, err := policyEnvironment(stack)
		if err != nil {
			return err
		}
		command.Env = append(command.Env, variables...)
	}
	command.Stdout, command.Stderr = stdout, stderr
	if err := command.Start(); err != nil {
		return err
	}
	return proxy.Attach(ctx, command)
}

func pluginCommand(
	ctx context.Context, python pythonEnvironment, request *pulumirpc.RunPluginRequest, arguments []string,
) (*exec.Cmd, error) {
	command, err := python.Command(ctx, arguments...)
	if err != nil {
		return nil, err
	}
	interruptible(command)
	command.Env = append(environment(command), request.GetEnv()...)
	return command, nil
}

func policyEnvironment(stack *pulumirpc.AnalyzerStackConfigureRequest) ([]string, error) {
	variables, err := configurationVariables(stack.GetConfig(), stack.GetConfigSecretKeys())
	if err != nil {
		return nil, err
	}
	variables = append(variables,
		"PULUMI_PROJECT="+stack.GetProject(),
		"PULUMI_STACK="+stack.GetStack(),
		"PULUMI_DRY_RUN="+strconv.FormatBool(stack.GetDryRun()))
	if organization := stack.GetOrganization(); organization != "" {
		variables = append(variables, "PULUMI_ORGANIZATION="+organization)
	}
	return variables, nil
}
