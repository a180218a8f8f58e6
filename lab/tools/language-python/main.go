// Command pulumi-language-python lets the Pulumi engine run Python programs and policy packs.
//
// The engine starts it with its own address as the last argument, reads a port number from the first
// line of standard output and then calls the LanguageRuntime service there. Two helper scripts of the
// Pulumi SDK stand beside the binary: pulumi-language-python-exec, which runs a program inside the
// virtual environment, and pulumi-resource-pulumi-python, the plugin of dynamic providers.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// version is set by the build to the version of the SDK module that the host is made of.
var version = "v0.0.0-unset"

// engineHealthInterval is how often the host looks whether the engine still lives.
const engineHealthInterval = time.Minute

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	showVersion := flag.Bool("version", false, "print the version and exit")
	flag.String("tracing", "", "accepted and ignored: this host sends no traces")
	flag.Parse()
	if *showVersion {
		fmt.Println(version)
		return nil
	}
	logging.InitLogging(false, 0, false)

	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program's directory: %w", err)
	}
	runner := filepath.Join(filepath.Dir(self), "pulumi-language-python-exec")
	if _, err := os.Stat(runner); err != nil {
		return fmt.Errorf("the script that runs programs must stand beside the language host: %w", err)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	engine := flag.Arg(0)
	if engine != "" {
		if err := rpcutil.Healthcheck(ctx, engine, engineHealthInterval, stop); err != nil {
			return fmt.Errorf("watching the engine at %s: %w", engine, err)
		}
	}
	ended := make(chan bool)
	go func() {
		<-ctx.Done()
		close(ended)
	}()

	server, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: ended,
		Init: func(s *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(s, newHost(ctx, runner, engine))
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("serving the language runtime: %w", err)
	}
	fmt.Println(server.Port)
	return <-server.Done
}
