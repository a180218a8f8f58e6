package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	// reportedExitCode is how the runner script says that it has shown the program's error itself.
	reportedExitCode = 32
	// interruptGrace is the time between asking a program to stop and killing it.
	interruptGrace = 5 * time.Second
)

// host answers the engine. What it leaves out (code generation, packing, debugging, new projects) the engine
// asks for only in commands that have nothing to do with running a program.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	life   context.Context // ends when the engine cancels or is gone
	end    context.CancelFunc
	runner string
	engine string
}

func newHost(life context.Context, runner, engine string) *host {
	life, end := context.WithCancel(life)
	return &host{life: life, end: end, runner: runner, engine: engine}
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// Cancel interrupts what runs, as Ctrl-C in the engine does.
func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.end()
	return &emptypb.Empty{}, nil
}

// Run runs a program to its end. Bail means that the program has shown its error to the user.
func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	if request.GetAttachDebugger() {
		return nil, errors.New("this language host cannot attach a debugger")
	}
	python, err := environmentOf(request.GetInfo(), false)
	if err != nil {
		return nil, err
	}
	if err := python.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	configuration, err := configurationVariables(request.GetConfig(), request.GetConfigSecretKeys())
	if err != nil {
		return nil, err
	}

	ctx, done := h.within(ctx)
	defer done()
	command, err := python.Command(ctx, append([]string{"-u", h.runner}, h.runnerArguments(request)...)...)
	if err != nil {
		return nil, err
	}
	interruptible(command)
	command.Env = append(environment(command), configuration...)
	// The engine shows each line as a message of the program. When it stops a program because a
	// resource failed, a traceback of that interruption would only hide the reason.
	command.Stdout, command.Stderr = until{ctx, os.Stdout}, until{ctx, os.Stderr}

	switch code, err := exitCode(command.Run()); {
	case err != nil:
		return &pulumirpc.RunResponse{Error: "the program could not be run: " + err.Error()}, nil
	case code == reportedExitCode:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case code < 0:
		return &pulumirpc.RunResponse{Error: "the program was killed: " + command.ProcessState.String()}, nil
	case code > 0:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program exited with code %d", code)}, nil
	}
	return &pulumirpc.RunResponse{}, nil
}

func (h *host) runnerArguments(request *pulumirpc.RunRequest) []string {
	var arguments []string
	for _, option := range []struct{ name, value string }{
		{"monitor", request.GetMonitorAddress()},
		{"engine", h.engine},
		{"project", request.GetProject()},
		{"stack", request.GetStack()},
		{"organization", request.GetOrganization()},
		{"root_directory", request.GetInfo().GetRootDirectory()},
		{"pwd", request.GetPwd()},
		{"dry_run", strconv.FormatBool(request.GetDryRun())},
		{"parallel", strconv.Itoa(int(request.GetParallel()))},
	} {
		if option.value != "" {
			arguments = append(arguments, "--"+option.name, option.value)
		}
	}
	arguments = append(arguments, request.GetInfo().GetEntryPoint())
	return append(arguments, request.GetArgs()...)
}

// pythonVersion is how venv, virtualenv and uv record it in pyvenv.cfg.
var pythonVersion = regexp.MustCompile(`(?m)^version(?:_info)? *= *(\d+\.\d+\.\d+)`)

// About describes the Python that a program would run in, from files: the engine asks in each run, and
// `pip --version`, with which the SDK finds the toolchain's version, takes 0.3 s.
func (h *host) About(ctx context.Context, request *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	python, err := environmentOf(request.GetInfo(), false)
	if err != nil {
		return nil, err
	}
	command, err := python.Command(ctx)
	if err != nil {
		return nil, err
	}
	root := filepath.Dir(filepath.Dir(command.Path))
	response := &pulumirpc.AboutResponse{
		Executable: command.Path, Metadata: map[string]string{"toolchain": python.name},
	}
	recorded, _ := os.ReadFile(filepath.Join(root, "pyvenv.cfg")) // Python outside of a virtual environment has none
	if found := pythonVersion.FindSubmatch(recorded); found != nil {
		response.Version = string(found[1])
	}
	if tool, _ := installedPackages(root, strings.ToLower(python.name)); len(tool) > 0 {
		response.Metadata["toolchainVersion"] = tool[0].version
	}
	return response, nil
}

// within ends with the request or with the host, whichever ends first.
func (h *host) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	detach := context.AfterFunc(h.life, cancel)
	return ctx, func() { detach(); cancel() }
}

// until passes on what is written before ctx ends and drops the rest.
type until struct {
	ctx context.Context
	to  io.Writer
}

func (u until) Write(text []byte) (int, error) {
	if u.ctx.Err() != nil {
		return len(text), nil
	}
	return u.to.Write(text)
}

func interruptible(command *exec.Cmd) {
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = interruptGrace
}

// environment is what the command would run with; a nil Env stands for this process's own.
func environment(command *exec.Cmd) []string {
	if command.Env == nil {
		return os.Environ()
	}
	return command.Env
}

// exitCode turns the result of exec.Cmd.Run into an exit code (negative after a signal), or an error
// when the process never ran.
func exitCode(result error) (int, error) {
	var exit *exec.ExitError
	if errors.As(result, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, result
}
