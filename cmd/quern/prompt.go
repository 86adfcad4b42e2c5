package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/quern-data/quern/stages/duck"
)

// What the prompt looks like before a statement, and within one.
const (
	firstPrompt = "quern> "
	nextPrompt  = "    -> "
)

const promptHelp = `A statement ends with a semicolon, and may have several lines.
.tables        the tables and views, and what they are
.schema NAME   the columns of one, and its SQL
.help          this
.quit          leave, as quit, exit and Ctrl-D do
Ctrl-C gives up what was typed, and ends a statement that runs.
`

// prompt reads statements from a terminal.
type prompt struct {
	query   *query
	session *duckSession
	in      *os.File
	out     io.Writer // of results
	screen  io.Writer // of the prompt and of errors
	lines   *term.Terminal
	keys    *keys
}

func newPrompt(cmd *cobra.Command, q *query, s *duckSession) *prompt {
	p := &prompt{query: q, session: s, in: terminalFile(cmd.InOrStdin()), out: cmd.OutOrStdout(), screen: cmd.ErrOrStderr()}
	p.keys = &keys{from: p.in}
	p.lines = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{p.keys, p.screen}, firstPrompt)
	p.lines.History = &history{}
	p.lines.AutoCompleteCallback = tabIsSpace
	return p
}

// run reads and runs statements until the user leaves.
func (p *prompt) run(ctx context.Context) error {
	// Ctrl-C ends a statement here, and not the program.
	signal.Reset(os.Interrupt)
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	fmt.Fprintf(p.screen, "Snapshot %s. .help says what there is beside SQL, and .quit or Ctrl-D leaves.\n", p.session.snapshot.ID)
	typed := ""
	for {
		p.lines.SetPrompt(firstPrompt)
		if typed != "" {
			p.lines.SetPrompt(nextPrompt)
		}
		line, err := p.readLine(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case p.keys.givenUp():
			typed = ""
			continue
		case isCommand(line):
			if p.command(strings.Fields(line)) {
				return nil
			}
			continue
		}
		typed += line + "\n"
		statements, rest := duck.Split(typed)
		if rest != "" {
			continue
		}
		typed = ""
		for _, statement := range statements {
			if !p.statement(ctx, statement) {
				break
			}
		}
	}
}

// readLine reads a line that can be edited. The terminal is what it was before and
// after, also when the program is ended.
func (p *prompt) readLine(ctx context.Context) (string, error) {
	if width, height, err := term.GetSize(int(p.in.Fd())); err == nil && width > 0 {
		_ = p.lines.SetSize(width, height)
	}
	before, err := term.MakeRaw(int(p.in.Fd()))
	if err != nil {
		return "", err
	}
	restore := func() { _ = term.Restore(int(p.in.Fd()), before) }
	stop := context.AfterFunc(ctx, restore)
	defer stop()
	defer restore()
	return p.lines.ReadLine()
}

// statement runs a statement, and reports whether it went well.
func (p *prompt) statement(ctx context.Context, text string) bool {
	running, stop := signal.NotifyContext(ctx, os.Interrupt)
	err := p.query.answer(running, p.session, text, p.out)
	interrupted := running.Err() != nil
	stop()
	switch {
	case err == nil:
		return true
	case interrupted:
		fmt.Fprintln(p.screen, "\ninterrupted") // behind the ^C
	default:
		fmt.Fprintln(p.screen, err)
	}
	return false
}

// leaving are the words that leave.
var leaving = []string{".quit", ".exit", "quit", "exit", "quit;", "exit;"}

// command is how the lines begin that are no SQL, also within a statement: a number
// that begins with a point stays one.
var command = regexp.MustCompile(`^\s*\.[A-Za-z]`)

func isCommand(line string) bool {
	return command.MatchString(line) || slices.Contains(leaving, strings.TrimSpace(line))
}

// command carries out a command that is no SQL, and reports whether it is the one
// to leave.
func (p *prompt) command(words []string) (leave bool) {
	switch {
	case slices.Contains(leaving, words[0]) && len(words) == 1:
		return true
	case words[0] == ".help" && len(words) == 1:
		fmt.Fprint(p.screen, promptHelp)
	case words[0] == ".tables" && len(words) == 1:
		for i := range p.session.Views {
			v := &p.session.Views[i]
			fmt.Fprintf(p.out, "%-20s%s\n", v.Name, v.Doc)
		}
	case words[0] == ".schema" && len(words) == 2:
		for i := range p.session.Views {
			if v := &p.session.Views[i]; v.Name == strings.TrimSuffix(words[1], ";") {
				p.schema(v)
				return false
			}
		}
		fmt.Fprintf(p.screen, "there is no view %s: .tables lists them\n", words[1])
	case words[0] == ".schema":
		fmt.Fprintln(p.screen, ".schema wants the name of a table or view, which .tables lists")
	default:
		fmt.Fprintf(p.screen, "there is no command %s: .help lists them\n", strings.Join(words, " "))
	}
	return false
}

// schema prints the columns of a view and the query that it stands for.
func (p *prompt) schema(v *duck.View) {
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, c := range v.Columns {
		fmt.Fprintf(table, "%s\t%s\t%s\n", c.Name, c.Type.SQL(), c.Doc)
	}
	table.Flush()
	fmt.Fprintf(p.out, "\n%s;\n", v.Query)
}

// keys are what is typed. Ctrl-C, by which the line editor would end the input, ends
// the line instead, after what stands in it was erased.
type keys struct {
	from    io.Reader
	rest    []byte // typed, and not handed on
	aborted bool
}

const (
	ctrlC     = "\x03"
	endOfLine = "\x05"
	erase     = "\x15"
)

func (k *keys) Read(p []byte) (int, error) {
	if len(k.rest) == 0 {
		typed := make([]byte, len(p))
		n, err := k.from.Read(typed)
		if err != nil {
			return 0, err
		}
		k.rest = typed[:n]
		if i := bytes.LastIndex(k.rest, []byte(ctrlC)); i >= 0 {
			k.rest = append([]byte(endOfLine+erase+"\r"), k.rest[i+1:]...)
			k.aborted = true
		}
	}
	n := copy(p, k.rest)
	k.rest = k.rest[n:]
	return n, nil
}

// givenUp reports whether Ctrl-C ended the line.
func (k *keys) givenUp() bool {
	aborted := k.aborted
	k.aborted = false
	return aborted
}

// tabIsSpace makes a tab, as pasted SQL has them, a space, which the line editor
// would drop.
func tabIsSpace(line string, pos int, key rune) (string, int, bool) {
	if key != '\t' {
		return "", 0, false
	}
	return line[:pos] + " " + line[pos:], pos + 1, true
}

// history is the lines that were typed, without those that say nothing new.
type history struct{ lines []string }

func (h *history) Add(line string) {
	if strings.TrimSpace(line) != "" && (len(h.lines) == 0 || h.lines[len(h.lines)-1] != line) {
		h.lines = append(h.lines, line)
	}
}

func (h *history) Len() int { return len(h.lines) }

// At is a line, the last one first.
func (h *history) At(i int) string { return h.lines[len(h.lines)-1-i] }
