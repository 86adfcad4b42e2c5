package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quern-data/quern/config"
)

// defaultProfile is what a corpus is read with when no config is given.
const defaultProfile = "peer-review-analyze"

// source is where a command's configuration comes from: the flags and the
// argument that run, check, preview and config show share.
type source struct {
	corpus, profile string
	settings        []string
}

func (s *source) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.corpus, "corpus", "", "folder of the corpus, instead of a config file")
	cmd.Flags().StringVar(&s.profile, "profile", defaultProfile, "shipped configuration to read --corpus with: "+strings.Join(config.Profiles(), ", "))
	cmd.Flags().StringArrayVar(&s.settings, "set", nil, "set a value of the config, e.g. --set output.part_bytes=8MiB; may be repeated")
}

// load reads the configuration. more are settings from flags of the command's
// own, by key; empty ones are not set.
func (s *source) load(args []string, more map[string]string) (*config.Loaded, error) {
	o := config.Options{Flags: map[string]string{}, Env: environment()}
	switch {
	case len(args) == 1 && (s.corpus != "" || s.profile != defaultProfile):
		return nil, usageError{errors.New("give a config file, or --corpus and perhaps --profile, not both")}
	case len(args) == 1:
		o.Path = args[0]
		if info, err := os.Stat(o.Path); err == nil && info.IsDir() {
			return nil, usageError{fmt.Errorf("%s is a folder, and a config is a file: quern init %[1]s makes one for the corpus in it, and --corpus %[1]s reads it with --profile", o.Path)}
		}
	case s.corpus != "":
		o.Profile = s.profile
		o.Flags["corpora.root"] = s.corpus
	default:
		return nil, usageError{errors.New("give a config file, or --corpus with the folder of a corpus")}
	}
	for _, setting := range s.settings {
		key, value, found := strings.Cut(setting, "=")
		if !found {
			return nil, usageError{errors.New("--set wants key=value, and got " + setting)}
		}
		o.Flags[key] = value
	}
	for key, value := range more {
		if value != "" {
			o.Flags[key] = value
		}
	}
	return config.Load(o)
}

// environment is the environment without the variable by which tests find real
// corpora: it is no setting, and may be set where quern is run.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "QUERN_CORPORA=") })
}
