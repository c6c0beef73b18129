package server

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestIdentity(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	open := func(now time.Time, names ...string) *identity {
		t.Helper()
		id, err := openIdentity(dir, names, now)
		if err != nil {
			t.Fatal(err)
		}
		verify(t, id, names, now)
		return id
	}
	first := open(now, "localhost", "127.0.0.1")
	if again := open(now, "localhost"); !bytes.Equal(again.Certificate.Leaf.Raw, first.Certificate.Leaf.Raw) {
		t.Error("a certificate that serves was replaced")
	}
	named := open(now, "localhost", "mews.example")
	if bytes.Equal(named.Certificate.Leaf.Raw, first.Certificate.Leaf.Raw) {
		t.Error("a missing name did not lead to a new certificate")
	}
	late := open(now.Add(serverLife-renewEarly+time.Hour), "mews.example")
	if bytes.Equal(late.Certificate.Leaf.Raw, named.Certificate.Leaf.Raw) {
		t.Error("a certificate about to expire was kept")
	}
	if late.Fingerprint != first.Fingerprint {
		t.Error("the authority that clients trust has changed")
	}
	info, err := os.Stat(filepath.Join(dir, "ca.key"))
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("CA key: mode %v, %v", info.Mode(), err)
	}
}

func verify(t *testing.T, id *identity, names []string, now time.Time) {
	t.Helper()
	pem, err := os.ReadFile(id.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("the CA file holds no certificate")
	}
	for _, name := range names {
		if _, err := id.Certificate.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: now}); err != nil {
			t.Errorf("a client that trusts the CA refuses %s: %v", name, err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.key")
	if _, err := openKey(path, false); err == nil {
		t.Error("a folder with samples was given a new key")
	}
	made, err := openKey(path, true)
	if err != nil {
		t.Fatal(err)
	}
	read, err := openKey(path, false)
	if err != nil || read != made || made == [32]byte{} {
		t.Errorf("read %x, made %x, %v", read, made, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openKey(path, false); err == nil {
		t.Error("a key that others can read was accepted")
	}
	for _, text := range []string{"", "zz", "00", string(bytes.Repeat([]byte("0"), 66))} {
		bad := filepath.Join(t.TempDir(), "bad.key")
		if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openKey(bad, false); err == nil {
			t.Errorf("key file %q was accepted", text)
		}
	}
}
