package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// packages hold files of the kinds a malware corpus has: Windows programs,
// firmware, .NET assemblies, ELF files, class files, text and compressed data.
var packages = []string{
	"nsis", "python3-distlib", "python3-setuptools-whl", "win32-loader", // PE installers and stubs
	"shim-signed", "shim-unsigned", "grub-efi-amd64-bin", "efitools", "ipxe", "systemd-boot-efi", // EFI PE
	"libmono-corlib4.5-cil", "libmono-corlib4.5-dll", "libmono-system-core4.0-cil", "libmono-system-xml4.0-cil",
	"libmono-system-data4.0-cil", "libmono-system-web4.0-cil", "libmono-system-windows-forms4.0-cil", "libgtk2.0-cil",
	"mingw-w64-x86-64-dev", "mingw-w64-i686-dev", "gcc-mingw-w64-i686-win32", // PE objects and libraries
	"busybox-static", "openssh-server", "postgresql-15", "qemu-system-x86", // ELF
	"libwine", "libspring-core-java", "perl-modules-5.36", "texlive-latex-base-doc", "ghc-doc",
	"firefox-esr", "chromium", "openjdk-17-jre-headless", "supertux-data",
}

// fetch downloads packages as far as both bounds allow and unpacks each into
// its own folder. Where apt is missing, or does not know a package, it says so
// and goes on. What an earlier run unpacked is used again.
func fetch(ctx context.Context, dir string, most int, bytes int64, progress io.Writer) ([]root, error) {
	if most <= 0 {
		return nil, nil
	}
	for _, tool := range []string{"apt-get", "apt-cache", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			fmt.Fprintf(progress, "no packages: %v\n", err)
			return nil, nil
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var roots []root
	for _, name := range packages[:min(most, len(packages))] {
		size, err := packageSize(ctx, name)
		if err == nil && size > bytes {
			err = fmt.Errorf("%d bytes are more than the bound leaves", size)
		}
		var unpacked string
		if err == nil {
			bytes -= size
			unpacked, err = unpack(ctx, dir, name)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			fmt.Fprintf(progress, "without %s: %v\n", name, err)
			continue
		}
		fmt.Fprintf(progress, "package %s: %d bytes\n", name, size)
		roots = append(roots, root{path: unpacked, origin: "debian:" + name})
	}
	return roots, nil
}

// packageSize asks the package lists how much a download would be.
func packageSize(ctx context.Context, name string) (int64, error) {
	out, err := exec.CommandContext(ctx, "apt-cache", "show", "--no-all-versions", name).Output()
	if err != nil {
		return 0, errors.New("not in the package lists")
	}
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(line, "Size: "); ok {
			return strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		}
	}
	return 0, errors.New("the package lists name no size")
}

// unpack downloads a package and unpacks it without running anything of it.
func unpack(ctx context.Context, dir, name string) (string, error) {
	target := filepath.Join(dir, name)
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	cmd := exec.CommandContext(ctx, "apt-get", "download", "-q", name)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("download: %w: %.200s", err, out)
	}
	debs, err := filepath.Glob(filepath.Join(dir, name+"_*.deb"))
	if err != nil || len(debs) == 0 {
		return "", errors.New("download left no package")
	}
	partial := target + ".partial"
	err = errors.Join(os.RemoveAll(partial), os.Mkdir(partial, 0o755))
	if err == nil {
		err = exec.CommandContext(ctx, "dpkg-deb", "--extract", debs[0], partial).Run()
	}
	if err != nil {
		return "", fmt.Errorf("unpack: %w", err)
	}
	return target, os.Rename(partial, target)
}
