package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/vfs"
	"github.com/mewshq/mews/internal/yara"
)

// Levels of a Finding.
const (
	LevelOK   = "ok"
	LevelWarn = "warn" // it works, but should be looked at
	LevelFail = "fail" // it does not work
)

// A Finding is what an examination found about one thing, and what to do.
type Finding struct {
	What, Level, Detail, Advice string
}

// lowSpace is when a disk is called nearly full.
const lowSpace = 5 << 30

// Examine looks at what a server of this configuration stands on: its folder, its
// key, its certificates, its worker. It changes nothing and does not open the
// data, so a running server is not disturbed.
func Examine(ctx context.Context, cfg Config, now time.Time) []Finding {
	list := []Finding{examineFolder(cfg)}
	if list[0].Level == LevelFail {
		return append(list, examineWorker(ctx, cfg))
	}
	return append(list, examineFormat(ctx, cfg), examineSpace(cfg), examineKey(cfg), examineCertificate(cfg, now), examineWebhook(cfg),
		examineRunning(ctx, cfg), examineWorker(ctx, cfg))
}

func examineFolder(cfg Config) Finding {
	f := Finding{What: "data folder", Level: LevelOK, Detail: cfg.Data}
	info, err := os.Stat(cfg.Data)
	if err == nil {
		_, err = os.Stat(filepath.Join(cfg.Data, databaseName))
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.Level, f.Detail, f.Advice = LevelFail, "no mews data in "+cfg.Data, "name the folder with --data, or make it: mews serve"
	case err != nil:
		f.Level, f.Detail, f.Advice = LevelFail, err.Error(), "ask as the user who runs the server"
	case info.Mode().Perm()&0o077 != 0:
		f.Level, f.Detail = LevelWarn, fmt.Sprintf("%s is open to others (mode %04o)", cfg.Data, info.Mode().Perm())
		f.Advice = "chmod 0700 " + cfg.Data
	}
	return f
}

// Format tells the format of a data folder, and the newest that this program
// knows. A server that starts brings an older one up to date.
func Format(ctx context.Context, cfg Config) (have, newest int64, err error) {
	path := filepath.Join(cfg.Data, databaseName)
	if _, err := os.Stat(path); err != nil {
		return 0, 0, fmt.Errorf("no mews data in %s: name the folder with --data", cfg.Data)
	}
	return store.Format(ctx, path)
}

func examineFormat(ctx context.Context, cfg Config) Finding {
	have, newest, err := Format(ctx, cfg)
	f := Finding{What: "format", Level: LevelOK, Detail: fmt.Sprintf("%d, the newest that this program knows", have)}
	switch {
	case err != nil:
		f.Level, f.Detail, f.Advice = LevelFail, err.Error(), "ask as the user who runs the server"
	case have < newest:
		f.Level, f.Detail = LevelWarn, fmt.Sprintf("%d; this program writes %d", have, newest)
		f.Advice = "copy the folder, then start this program's server or run mews migrate up; older programs cannot read it afterwards"
	case have > newest:
		f.Level, f.Detail, f.Advice = LevelFail, fmt.Sprintf("%d; this program reads %d at most", have, newest), "use the newer program"
	}
	return f
}

func examineSpace(cfg Config) Finding {
	f := Finding{What: "disk", Level: LevelOK}
	fsys, err := vfs.OS(cfg.Data)
	if err != nil {
		return Finding{"disk", LevelFail, err.Error(), "ask as the user who runs the server"}
	}
	free, err := fsys.Free()
	if err != nil {
		return Finding{"disk", LevelFail, err.Error(), ""}
	}
	f.Detail = fmt.Sprintf("%.1f GiB free", float64(free)/(1<<30))
	if free < lowSpace {
		f.Level, f.Advice = LevelWarn, "make room: uploads are refused when the disk is full"
	}
	return f
}

func examineKey(cfg Config) Finding {
	if _, err := openKey(cfg.KeyFile, false); err != nil {
		return Finding{"key file", LevelFail, err.Error(), "without its key no sample can be opened; keep a copy elsewhere"}
	}
	return Finding{"key file", LevelOK, cfg.KeyFile, ""}
}

func examineCertificate(cfg Config, now time.Time) Finding {
	f := Finding{What: "certificate", Level: LevelOK}
	if cfg.InsecureHTTP {
		f.Level, f.Detail, f.Advice = LevelWarn, "plain HTTP on a loopback address", "let a proxy on this machine speak TLS, or leave insecure_http out"
		return f
	}
	dir := filepath.Join(cfg.Data, "tls")
	ca, err := loadPair(dir, "ca")
	if err != nil {
		return Finding{"certificate", LevelFail, err.Error(), "restore the folder tls from a backup; clients trust its ca.pem"}
	}
	own, err := loadPair(dir, "server")
	if err != nil || !covers(own.Leaf, ca.Leaf, certificateNames(cfg.Listen, cfg.TLSSAN), now) {
		f.Level, f.Detail, f.Advice = LevelWarn, "it is missing, ends within 30 days or lacks a name", "restart the server, which then issues another"
		return f
	}
	f.Detail = fmt.Sprintf("good until %s; clients trust %s", own.Leaf.NotAfter.UTC().Format(time.DateOnly), filepath.Join(dir, "ca.pem"))
	return f
}

func examineWebhook(cfg Config) Finding {
	f := Finding{What: "webhook", Level: LevelOK, Detail: "none"}
	if cfg.Webhook.URL == "" {
		return f
	}
	f.Detail = "calls are signed with the secret of " + cfg.Webhook.SecretFile
	if _, err := readPrivate("webhook secret", cfg.Webhook.SecretFile); err != nil {
		f.Level, f.Detail, f.Advice = LevelFail, err.Error(), "the server does not start like this"
	}
	return f
}

func examineRunning(ctx context.Context, cfg Config) Finding {
	var c net.Conn
	err := withSocketPath(cfg.Data, func(path string) (err error) {
		c, err = (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", path)
		return err
	})
	if err != nil {
		return Finding{"server", LevelWarn, "no server runs on this folder", "mews serve"}
	}
	_ = c.Close()
	return Finding{"server", LevelOK, "runs; it is configured to listen on " + cfg.Listen, ""}
}

// examineWorker starts the worker as a hunt would and hears what it says of its
// sandbox.
func examineWorker(ctx context.Context, cfg Config) Finding {
	engine := yara.New(yara.Options{Path: cfg.YaraWorker, Sandbox: cfg.Hunt.Sandbox})
	status, err := engine.Status(ctx)
	if err = errors.Join(err, engine.Close()); err != nil {
		return Finding{
			"worker", LevelFail, fmt.Sprintf("%s: %v", cfg.YaraWorker, err),
			"hunts are refused until it runs; name the program with --yara-worker, and see docs/operations.md for the sandbox",
		}
	}
	f := Finding{"worker", LevelOK, fmt.Sprintf("mews-yara %s, YARA-X %s, every wall of the sandbox stands", status.Worker, status.Engine), ""}
	for _, w := range status.Walls {
		if !w.Up {
			f.Level, f.Detail = LevelWarn, fmt.Sprintf("it runs without a wall of the sandbox, %s: %s", w.Name, w.Detail)
			f.Advice = "hunt only rules and samples that you trust, or run on a kernel with landlock and seccomp"
		}
	}
	return f
}
