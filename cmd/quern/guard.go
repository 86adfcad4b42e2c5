package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/records"
	"github.com/quern-data/quern/stages/snapshot"
	"github.com/quern-data/quern/stages/verifier"
)

// guardError says why a snapshot that could be published is not.
type guardError struct{ reasons []string }

func (e *guardError) Error() string {
	return "nothing was published: " + strings.Join(e.reasons, "\n  and ")
}

// checkShrink refuses a corpus that lost too many of its documents since the
// snapshot before: a disk that was not mounted, or a copy that broke off, more
// often than what someone wants. A corpus without any is the business of
// --allow-empty.
//
// How many documents it has is counted twice: when they are found, refused ones
// too, and when they are converted. of is the count of the corpus as it was.
func (j *job) checkShrink(r *corpusRun, how string, documents int, of func(*snapshot.Corpus) int) error {
	if j.base == nil || r.plan.Counts().Documents == 0 {
		return nil
	}
	for i := range j.base.Corpora {
		c := &j.base.Corpora[i]
		if c.Name != r.config.Name {
			continue
		}
		before := of(c)
		if lost := before - documents; j.Config.Run.MaxShrink.ExceededBy(lost, before) {
			return &guardError{[]string{fmt.Sprintf(
				"corpus %s has lost %s of its %s since snapshot %s: %s %s, and run.max_shrink is %s: look whether all of it is there; if it is, say --set run.max_shrink=100%%",
				c.Name, thousands(lost), plural(before, "document", "documents"), j.base.ID, thousands(documents), how, j.Config.Run.MaxShrink)}}
		}
	}
	return nil
}

// checkThresholds refuses a snapshot in which something is over a threshold of
// run.fail_on.
func (j *job) checkThresholds(m *snapshot.Manifest) error {
	var reasons []string
	s := &m.Counts.Stats
	for _, t := range j.Config.Run.FailOn {
		count, total, of := 0, s.Written+s.Refused, "document"
		switch t.Name {
		case config.DocumentsRefused:
			count = s.Refused
		case config.LabelsUnresolved:
			count = s.Unresolved
		default:
			code, err := schema.CodeOf(t.Name)
			if err != nil {
				return err
			}
			count = s.Diagnostics[code]
		}
		if t.OfLabels() {
			total, of = s.Labels, "label"
		}
		if !t.Exceeded(count, total) {
			continue
		}
		reason := fmt.Sprintf("run.fail_on allows %s, and there are %s in %s", t, thousands(count), plural(total, of, of+"s"))
		if code, err := schema.CodeOf(t.Name); err == nil {
			reason += j.example(code)
		}
		reasons = append(reasons, reason)
	}
	if len(reasons) > 0 {
		return &guardError{reasons}
	}
	return nil
}

// example is the first diagnostic of the given code, as the end of a sentence, ""
// if there is none or it cannot be read.
func (j *job) example(code schema.Code) string {
	for i := range j.shards {
		made := j.shards[i].made
		if made.Shard.Stats.Diagnostics[code] == 0 {
			continue
		}
		if text := firstOf(made, code); text != "" {
			return text
		}
	}
	return ""
}

// firstOf is the first diagnostic of the given code in a shard, as example has it.
func firstOf(made *snapshot.Made, code schema.Code) string {
	table, err := records.OpenShard(made, "diagnostics", "code", "source_path", "line", "column", "message")
	if err != nil {
		return ""
	}
	var columns [5]records.Distinct
	for batch, err := range table.All(context.Background()) {
		if err != nil {
			return ""
		}
		for i := range columns {
			columns[i].Read(batch.Column(i))
		}
		for row := range int(batch.NumRows()) {
			value := func(i int) string { return columns[i].Values[columns[i].Codes[row]] }
			if value(0) != code.String() {
				continue
			}
			at := value(1)
			if value(2) != records.Null {
				at = fmt.Sprintf("%s:%s:%s", at, value(2), value(3))
			}
			return schema.Printable(fmt.Sprintf(", e.g. %s: %s", at, value(4)))
		}
	}
	return ""
}

// shownProblems is how many problems an error of verification lists.
const shownProblems = 10

// verify reads the draft back as run.verify says. Parts that this run took over
// and that were verified before are read for their SHA-256 alone. It returns true
// if some of those are damaged: their shards are to be made anew.
func (j *job) verify(ctx context.Context, d *snapshot.Draft) (again bool, err error) {
	level := verifier.Level(j.Config.Run.Verify)
	if level == "off" {
		return false, nil
	}
	s, err := d.Load()
	if err != nil {
		return false, err
	}
	problems, byShard, err := verifyShards(ctx, s, level, j.Config.Run.Workers, func(i int) bool {
		return j.shards[i].kept && !j.shards[i].made.Staged() && j.verified == string(verifier.Full)
	}, func(i int) *seconds {
		if t := j.shards[i].time; t != nil {
			return &t.Verify
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	for i := range byShard {
		if len(byShard[i]) == 0 {
			continue
		}
		if s := &j.shards[i]; s.kept {
			j.remake(s, byShard[i][0].String())
			again = true
			continue
		}
		problems = append(problems, byShard[i]...)
	}
	if len(problems) == 0 || again {
		return again, nil
	}
	j.unstage() // so that the next run does not take it over
	return false, unsound(problems)
}

// unsound is the error that tables do not read back as they were written.
func unsound(problems []verifier.Problem) error {
	lines := []string{"the tables do not read back as they were written: a fault of the disk, the memory, or of Quern"}
	for i, p := range problems {
		if i == shownProblems {
			lines = append(lines, fmt.Sprintf("and %s more", thousands(len(problems)-i)))
			break
		}
		lines = append(lines, p.String())
	}
	return errors.New(strings.Join(lines, "\n  "))
}
