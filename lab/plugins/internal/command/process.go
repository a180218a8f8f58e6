package command

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"strings"
	"sync"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"rancher-on-pks/lab/plugins/internal/provider"
)

// process is one run of a command line.
type process struct {
	line           string
	arguments      []string
	dir            string
	environment    []string
	stdin          string
	logging        string
	stdout, stderr bytes.Buffer
	// report shows a line of output while the command runs.
	report func(string)
}

func newProcess(line string, settings, previous map[string]any) *process {
	p := &process{line: line, environment: os.Environ(), logging: "stdoutAndStderr"}
	p.arguments = provider.Texts(settings["interpreter"])
	if len(p.arguments) == 0 {
		p.arguments = []string{"/bin/sh", "-c"}
	}
	p.arguments = append(p.arguments, line)
	if p.dir, _ = settings["dir"].(string); p.dir == "" {
		// The engine starts the plugin in the program's directory.
		p.dir, _ = os.Getwd()
	}
	p.stdin, _ = settings["stdin"].(string)
	if logging, given := settings["logging"].(string); given {
		p.logging = logging
	}
	environment, _ := settings["environment"].(map[string]any)
	for name, value := range environment {
		p.environment = append(p.environment, fmt.Sprintf("%s=%v", name, value))
	}
	if add, given := settings["addPreviousOutputInEnv"].(bool); !given || add {
		for name, variable := range map[string]string{
			"stdout": "PULUMI_COMMAND_STDOUT", "stderr": "PULUMI_COMMAND_STDERR",
		} {
			if value, _ := previous[name].(string); value != "" {
				p.environment = append(p.environment, variable+"="+value)
			}
		}
	}
	return p
}

// run waits for the command; a failure tells all that it printed.
func (p *process) run(ctx context.Context) error {
	var everything bytes.Buffer
	var alone sync.Mutex
	reader, shown := io.Pipe()
	sinks := func(own io.Writer, logged bool) io.Writer {
		both := []io.Writer{own, writerFunc(func(chunk []byte) (int, error) {
			alone.Lock()
			defer alone.Unlock()
			return everything.Write(chunk)
		})}
		if logged {
			both = append(both, shown)
		}
		return io.MultiWriter(both...)
	}
	cmd := exec.CommandContext(ctx, p.arguments[0], p.arguments[1:]...)
	cmd.Dir = p.dir
	cmd.Env = p.environment
	cmd.Stdout = sinks(&p.stdout, p.logging == "stdout" || p.logging == "stdoutAndStderr")
	cmd.Stderr = sinks(&p.stderr, p.logging == "stderr" || p.logging == "stdoutAndStderr")
	if p.stdin != "" {
		cmd.Stdin = strings.NewReader(p.stdin)
	}
	var reporting sync.WaitGroup
	reporting.Go(func() {
		lines := bufio.NewReader(reader)
		for {
			line, err := lines.ReadString('\n')
			if line = strings.TrimSuffix(line, "\n"); line != "" {
				p.report(line)
			}
			if err != nil {
				return
			}
		}
	})
	err := cmd.Run()
	_ = shown.Close()
	reporting.Wait()
	if err != nil {
		return fmt.Errorf("%w: running %q:\n%s", err, p.line, everything.String())
	}
	return nil
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(chunk []byte) (int, error) { return f(chunk) }

// collect puts the files that assetPaths and archivePaths match under dir into the state.
func collect(dir string, settings map[string]any, state resource.PropertyMap) error {
	if patterns := provider.Texts(settings["assetPaths"]); len(patterns) > 0 {
		files, err := match(dir, patterns)
		if err != nil {
			return err
		}
		state["assets"] = resource.NewProperty(files)
	}
	if patterns := provider.Texts(settings["archivePaths"]); len(patterns) > 0 {
		files, err := match(dir, patterns)
		if err != nil {
			return err
		}
		members := map[string]any{}
		for name, file := range files {
			members[string(name)] = file.AssetValue()
		}
		archive, err := resource.NewAssetArchive(members)
		if err != nil {
			return err
		}
		state["archive"] = resource.NewProperty(archive)
	}
	return nil
}

// match finds the files under dir by the patterns in their order; one with "!" in front takes out.
func match(dir string, patterns []string) (resource.PropertyMap, error) {
	compiled := make([]glob.Glob, len(patterns))
	for i, pattern := range patterns {
		var err error
		if compiled[i], err = glob.Compile(strings.TrimPrefix(pattern, "!"), '/'); err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
	}
	files := resource.PropertyMap{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		for i, pattern := range compiled {
			switch {
			case !pattern.Match(name):
			case strings.HasPrefix(patterns[i], "!"):
				delete(files, resource.PropertyKey(name))
			default:
				asset, err := resource.NewPathAsset(path.Join(dir, name))
				if err != nil {
					return err
				}
				files[resource.PropertyKey(name)] = resource.NewProperty(asset)
			}
		}
		return nil
	})
	return files, err
}
