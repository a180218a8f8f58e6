package vsphere

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/vmware/govmomi"

	"rancher-on-pks/lab/plugins/internal/provider"
)

// setting is one of the provider's settings that the stand-in heeds, and the variable behind it.
type setting struct {
	name     resource.PropertyKey
	variable string
	required bool
}

var settings = []setting{
	{"user", "VSPHERE_USER", true},
	{"password", "VSPHERE_PASSWORD", true},
	{"vsphereServer", "VSPHERE_SERVER", true},
	{"allowUnverifiedSsl", "VSPHERE_ALLOW_UNVERIFIED_SSL", false},
}

// config is the provider's configuration after the environment has filled in what is not set.
type config struct {
	user, password, server string
	insecure               bool
}

// read takes the settings; known is false when one of them is not known yet, at a preview.
func read(properties resource.PropertyMap) (found config, known bool, failures []plugin.CheckFailure) {
	values := map[resource.PropertyKey]string{}
	for _, setting := range settings {
		value := provider.Reveal(properties[setting.name])
		switch {
		case value.IsComputed() || value.IsOutput():
			return config{}, false, nil
		case value.IsString() && value.StringValue() != "":
			values[setting.name] = value.StringValue()
		case value.IsBool():
			values[setting.name] = strconv.FormatBool(value.BoolValue())
		default:
			values[setting.name] = os.Getenv(setting.variable)
		}
		if setting.required && values[setting.name] == "" {
			failures = append(failures, plugin.CheckFailure{Reason: fmt.Sprintf(
				"Provider is missing a required configuration key, try `pulumi config set vsphere:%s`: or set %s",
				setting.name, setting.variable)})
		}
	}
	insecure, err := strconv.ParseBool(values["allowUnverifiedSsl"])
	if err != nil && values["allowUnverifiedSsl"] != "" {
		failures = append(failures, plugin.CheckFailure{Property: "allowUnverifiedSsl", Reason: "expected a boolean"})
	}
	return config{values["user"], values["password"], values["vsphereServer"], insecure}, true, failures
}

// login opens a session. Without allowUnverifiedSsl the certificate must be of a CA that Go finds: the
// system's, SSL_CERT_FILE, SSL_CERT_DIR.
func login(ctx context.Context, c config) (*govmomi.Client, error) {
	address, err := url.Parse("https://" + c.server + "/sdk")
	if err != nil {
		return nil, fmt.Errorf("error parse url: %w", err)
	}
	address.User = url.UserPassword(c.user, c.password)
	client, err := govmomi.NewClient(ctx, address, c.insecure)
	if err != nil {
		return nil, fmt.Errorf("error setting up new vSphere SOAP client: %w", err)
	}
	return client, nil
}
