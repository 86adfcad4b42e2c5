package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/records"
)

// documentation is all there is to say of tables.
type documentation struct {
	SchemaVersion string         `json:"schema_version"`
	Tables        []schema.Table `json:"tables"`
	// Taxonomies are those of a snapshot, by corpus.
	Taxonomies map[string]*config.Taxonomy `json:"taxonomies,omitempty"`
}

func newSchemaCommand() *cobra.Command {
	var format, from string
	cmd := &cobra.Command{
		Use:   "schema [TABLE...]",
		Short: "Print the tables as Markdown, SQL DDL, Spark or Arrow schemas, or JSON",
		Long: `Schema documents the tables, all or those that are named: as Markdown, as DDL for DuckDB,
as what df.schema is in Spark when it reads the parts, as the Arrow schema of what quern cat
writes, in the JSON of Arrow's integration format, or as JSON with everything there is to
say of them.

With --snapshot OUT, Markdown and JSON have the taxonomies too with which the current
snapshot was made, or the one whose folder is given, as its files have them.`,
		Example: `  quern schema --format sql
  quern schema labels --format spark
  quern schema --snapshot out --format json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			tables, err := chooseTables(args)
			if err != nil {
				return err
			}
			doc := documentation{SchemaVersion: schema.Version, Tables: tables}
			if from != "" {
				if format != "markdown" && format != "json" {
					return usageError{fmt.Errorf("--snapshot goes with --format markdown and json, and not with %s", format)}
				}
				s, err := loadSnapshot(from)
				if err != nil {
					return err
				}
				if doc.Taxonomies, err = records.Taxonomies(s); err != nil {
					return err
				}
			}
			var text []byte
			switch format {
			case "markdown":
				text = []byte(schema.Markdown(tables))
				for _, corpus := range slices.Sorted(maps.Keys(doc.Taxonomies)) {
					text = append(append(text, '\n'), doc.Taxonomies[corpus].Markdown(corpus)...)
				}
			case "sql":
				text = []byte(schema.SQL(tables))
			case "spark":
				text, err = schema.Spark(tables)
			case "arrow":
				text, err = schema.Arrow(tables)
			case "json":
				text, err = json.MarshalIndent(doc, "", "  ")
			default:
				return usageError{fmt.Errorf("--format is %q, and must be markdown, sql, spark, arrow or json", format)}
			}
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if _, err := w.Write(text); err != nil || bytes.HasSuffix(text, []byte("\n")) {
				return err
			}
			_, err = fmt.Fprintln(w)
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "markdown", "markdown, sql (DuckDB), spark, arrow or json")
	cmd.Flags().StringVar(&from, "snapshot", "", "an output, or the folder of a snapshot, whose taxonomies are to be documented too")
	return cmd
}

func chooseTables(names []string) ([]schema.Table, error) {
	all := schema.Tables()
	if len(names) == 0 {
		return all, nil
	}
	var chosen []schema.Table
	for _, name := range names {
		t, ok := schema.TableNamed(name)
		if !ok {
			return nil, usageError{fmt.Errorf("no table %q; there are %s", name, tableNames(all))}
		}
		chosen = append(chosen, t)
	}
	return chosen, nil
}

func tableNames(tables []schema.Table) string {
	var names []string
	for _, t := range tables {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

func newConfigCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show the effective config, its JSON Schema or its reference",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			return usageError{errors.New("config wants one of show, schema, reference")}
		},
	}
	var from source
	show := &cobra.Command{
		Use:     "show [CONFIG]",
		Short:   "Print each setting, its value, and where the value comes from",
		Example: "  QUERN_RUN_WORKERS=4 quern config show configs/minimal.yaml --set output.part_bytes=8MiB",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := from.load(args, nil)
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, s := range l.Settings() {
				fmt.Fprintf(table, "%s\t%s\t%s\n", s.Key, schema.Printable(s.Value), schema.Printable(s.Origin))
			}
			return table.Flush()
		},
	}
	from.addFlags(show)
	cmd.AddCommand(show,
		&cobra.Command{
			Use:   "schema",
			Short: "Print the JSON Schema of a config file",
			Args:  usageArgs(cobra.NoArgs),
			RunE: func(cmd *cobra.Command, _ []string) error {
				text, err := config.JSONSchema()
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(text)
				return err
			},
		},
		newReferenceCommand(),
	)
	return cmd
}

func newReferenceCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "reference",
		Short: "Print every setting with its documentation",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			switch format {
			case "yaml":
				_, err = cmd.OutOrStdout().Write(config.Reference())
			case "markdown":
				_, err = cmd.OutOrStdout().Write(config.Markdown())
			default:
				return usageError{fmt.Errorf("--format is %q, and must be yaml or markdown", format)}
			}
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "yaml", "yaml, a config file with comments; or markdown")
	return cmd
}

func newExplainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE...]",
		Short: "Explain diagnostic codes: what happened, why, and what to do",
		Example: `  quern explain repair-slip
  quern explain`,
		RunE: func(cmd *cobra.Command, args []string) error {
			codes := schema.Codes()
			if len(args) > 0 {
				codes = codes[:0]
			}
			for _, name := range args {
				code, err := schema.CodeOf(name)
				if err != nil {
					return usageError{err}
				}
				codes = append(codes, code)
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), schema.MarkdownCodes(codes))
			return err
		},
	}
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of the program and of its tables",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "quern %s, schema %s\n", version, schema.Version)
			return err
		},
	}
}
