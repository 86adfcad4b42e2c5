// Package configs embeds the configurations and taxonomies that ship with
// Quern: a name without a path in a config, or after --profile, is looked up
// here. It holds data and no logic.
package configs

import "embed"

// FS holds *.yaml, the configurations, and taxonomies/*.yaml.
//
//go:embed *.yaml taxonomies/*.yaml
var FS embed.FS
