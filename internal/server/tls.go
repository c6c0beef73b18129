package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/vfs"
)

const (
	caLife     = 10 * 365 * 24 * time.Hour
	serverLife = 397 * 24 * time.Hour // the longest that browsers accept
	renewEarly = 30 * 24 * time.Hour
)

// An identity is the server's own certificate authority and the certificate it
// issued to itself. Clients trust the CA file; the server's key can change.
type identity struct {
	CAFile      string
	Fingerprint string // SHA-256 of the CA certificate
	Certificate tls.Certificate
}

// openIdentity loads the folder's CA and server certificate, and makes what is
// missing, about to expire, or lacks one of the wanted names.
func openIdentity(dir string, names []string, now time.Time) (*identity, error) {
	fsys, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	ca, err := loadPair(dir, "ca")
	if errors.Is(err, fs.ErrNotExist) {
		ca, err = issue(fsys, "ca", caTemplate(now), nil)
	}
	if err != nil {
		return nil, fmt.Errorf("certificate authority in %s: %w", dir, err)
	}
	own, err := loadPair(dir, "server")
	if errors.Is(err, fs.ErrNotExist) || err == nil && !covers(own.Leaf, ca.Leaf, names, now) {
		own, err = issue(fsys, "server", serverTemplate(names, now), ca)
	}
	if err != nil {
		return nil, fmt.Errorf("server certificate in %s: %w", dir, err)
	}
	sum := sha256.Sum256(ca.Leaf.Raw)
	return &identity{
		CAFile:      filepath.Join(dir, "ca.pem"),
		Fingerprint: hex.EncodeToString(sum[:]),
		Certificate: *own,
	}, nil
}

func openFolder(dir string) (vfs.FS, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return vfs.OS(dir)
}

// certificateNames are the names a client may reach this server by.
func certificateNames(listen string, san []string) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if host, _, err := net.SplitHostPort(listen); err == nil && host != "" && host != "0.0.0.0" && host != "::" {
		names = append(names, host)
	}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	names = append(names, san...)
	slices.Sort(names)
	return slices.Compact(names)
}

func loadPair(dir, name string) (*tls.Certificate, error) {
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key"))
	if err != nil {
		return nil, err
	}
	return &cert, nil
}

// covers tells whether a certificate still serves: issued by this CA, for every
// wanted name, and not about to expire.
func covers(cert, ca *x509.Certificate, names []string, now time.Time) bool {
	if cert.CheckSignatureFrom(ca) != nil || now.Add(renewEarly).After(cert.NotAfter) {
		return false
	}
	return !slices.ContainsFunc(names, func(name string) bool { return cert.VerifyHostname(name) != nil })
}

func caTemplate(now time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: "mews local CA " + now.UTC().Format("2006-01-02")},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(caLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

func serverTemplate(names []string, now time.Time) *x509.Certificate {
	t := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "mews"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, strings.ToLower(name))
		}
	}
	return t
}

// issue makes a key pair and signs it with the parent, or with itself when the
// parent is nil. The key is written first: a certificate on disk always has one.
func issue(fsys vfs.FS, name string, t *x509.Certificate, parent *tls.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, err
	}
	signer, signerKey := t, any(key)
	if parent != nil {
		signer, signerKey = parent.Leaf, parent.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, t, signer, &key.PublicKey, signerKey)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := writePEM(fsys, name+".key", "PRIVATE KEY", keyDER); err != nil {
		return nil, err
	}
	if err := writePEM(fsys, name+".pem", "CERTIFICATE", der); err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

func writePEM(fsys vfs.FS, name, kind string, der []byte) error {
	return vfs.WriteDurable(fsys, name, func(w io.Writer) error {
		return pem.Encode(w, &pem.Block{Type: kind, Bytes: der})
	})
}
