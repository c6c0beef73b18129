package server

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/httpapi"
)

// A Config is everything an operator can set. A flag wins over the environment
// (MEWS_ and the key in capitals, dots as underscores), which wins over the
// YAML file, which wins over the default.
type Config struct {
	// Data holds all of the server's state.
	Data string `koanf:"data" usage:"folder for all state; made on first run"`
	// KeyFile lies beside the data folder and never inside, so that a copy of the
	// folder does not carry the key along.
	KeyFile string   `koanf:"key_file" usage:"file of the key-encryption key (default: the data folder's name with .key appended)"`
	Listen  string   `koanf:"listen" usage:"host:port of the API"`
	TLSSAN  []string `koanf:"tls_san" usage:"further host names and addresses of the server certificate"`
	// InsecureHTTP is for tests, and for a proxy on the same machine.
	InsecureHTTP bool `koanf:"insecure_http" usage:"serve plain HTTP; on a loopback address only"`
	// Region must not be a vendor's: clients would follow it with their token.
	Region         string   `koanf:"region" usage:"word sent as X-Cs-Region; a vendor's region is refused"`
	TrustedProxies []string `koanf:"trusted_proxies" usage:"addresses or prefixes whose X-Forwarded-For is believed"`
	Metrics        string   `koanf:"metrics" usage:"who may read /metrics: loopback, any or off"`
	LogLevel       string   `koanf:"log_level" usage:"debug, info, warn or error"`
	LogFormat      string   `koanf:"log_format" usage:"text or json"`
	ReadyFile      string   `koanf:"ready_file" usage:"write address (and, on the first run, credentials) to this file as JSON when ready"`
	// ShutdownGrace ends what would otherwise wait for a slow client.
	ShutdownGrace time.Duration `koanf:"shutdown_grace" usage:"how long running requests may take after a stop signal"`

	Seed       string `koanf:"seed" usage:"fill an empty data folder with made-up data before serving: demo"`
	SeedValue  int    `koanf:"seed_value" usage:"which made-up data: the same number gives the same names, hashes and hosts"`
	SeedClient string `koanf:"seed_client" usage:"ID:FILE, the first API client of made-up data: 32 hexadecimal digits, and the file of its secret"`

	YaraWorker string           `koanf:"yara_worker" usage:"path of the mews-yara program (default: beside this program)"`
	Blobs      BlobsConfig      `koanf:"blobs"`
	Index      IndexConfig      `koanf:"index"`
	Hunt       HuntConfig       `koanf:"hunt"`
	Quarantine QuarantineConfig `koanf:"quarantine"`
	Webhook    WebhookConfig    `koanf:"webhook"`
	Telemetry  TelemetryConfig  `koanf:"telemetry"`
	Paging     PagingConfig     `koanf:"paging"`
	Compat     CompatConfig     `koanf:"compat"`
	Quota      QuotaConfig      `koanf:"quota"`
	Limits     LimitsConfig     `koanf:"limits"`
	Dev        DevConfig        `koanf:"dev"`

	Vulnerabilities VulnerabilitiesConfig `koanf:"vulnerabilities"`
}

// DevConfig makes the server a tenant to test against.
type DevConfig struct {
	Enabled  bool `koanf:"enabled" usage:"dev mode, for tests only: fail by rules, show requests, reset, keep snapshots"`
	Seed     int  `koanf:"seed" usage:"seed of fault rules with a probability"`
	Requests int  `koanf:"requests" usage:"how many requests dev mode remembers"`
}

// BlobsConfig says how sample bytes are stored.
type BlobsConfig struct {
	Compression string `koanf:"compression" usage:"of new samples: fast, or small (a seventh less disk, slower uploads and searches)"`
}

// IndexConfig bounds the indexer.
type IndexConfig struct {
	MemoryMB int `koanf:"memory_mb" usage:"memory for filters that are not yet written, in MiB"`
}

// HuntConfig bounds what a YARA hunt may do.
type HuntConfig struct {
	Sandbox       string `koanf:"sandbox" usage:"require (hunts are refused when a wall of the sandbox is missing) or best-effort"`
	AllowFullScan bool   `koanf:"allow_full_scan" usage:"let hunts that ask for it read every file"`
	RefuseSlow    bool   `koanf:"refuse_slow" usage:"refuse rules that the compiler calls slow"`
	Workers       int    `koanf:"workers" usage:"scanning processes at a time"`
	MaxCandidates int    `koanf:"max_candidates" usage:"files that one hunt or exact search may look at"`
	MaxGB         int    `koanf:"max_gb" usage:"size of the files that one hunt or exact search may look at, in GiB"`

	MaxTime time.Duration `koanf:"max_time" usage:"how long one hunt or exact search may run"`
}

// QuarantineConfig sets what holds for quarantined files.
type QuarantineConfig struct {
	Searchable bool `koanf:"searchable" usage:"let MalQuery find quarantined files, until a customer chooses otherwise"`
	MaxUpdate  int  `koanf:"max_update" usage:"records that one update by query may change"`
}

// WebhookConfig says who is told of detections. Without a URL nobody is.
type WebhookConfig struct {
	URL        string        `koanf:"url" usage:"https address that is told of detections (http on loopback only); empty: nobody is"`
	SecretFile string        `koanf:"secret_file" usage:"file of the secret that signs the calls, readable by its owner only"`
	Repeat     time.Duration `koanf:"repeat" usage:"tell again of a detection that still goes on after this time (0: tell once)"`
}

// TelemetryConfig bounds what hosts report.
type TelemetryConfig struct {
	Retention time.Duration `koanf:"retention" usage:"how long sightings are kept after they were last seen (0: for ever)"`
	MemoryMB  int           `koanf:"memory_mb" usage:"memory that all ingest calls at work may hold, in MiB"`
}

// VulnerabilitiesConfig says how long what scanners found counts.
type VulnerabilitiesConfig struct {
	ExpireAfter time.Duration `koanf:"expire_after" usage:"vulnerabilities expire when what they were found in has not been scanned for this long (0: never)"`
	Retention   time.Duration `koanf:"retention" usage:"how long closed and expired vulnerabilities are kept (0: for ever)"`
}

// PagingConfig bounds pages of records.
type PagingConfig struct {
	Window int `koanf:"window" usage:"how deep offsets reach; beyond it pages need the after token (0: no bound)"`
}

// Values of compat.unknown_ioc.
const (
	UnknownIOCZero     = "zero"
	UnknownIOCNotFound = "not_found"
)

// CompatConfig chooses between a clear answer and the upstream service's.
type CompatConfig struct {
	UnknownField string `koanf:"unknown_field" usage:"a filter with a field that does not exist: error, or empty (it matches nothing, as upstream)"`
	UnknownIOC   string `koanf:"unknown_ioc" usage:"what devices-count says of an observable that is no IOC and was never seen: zero or not_found"`
}

// QuotaConfig sets the monthly allowances of each API client.
type QuotaConfig struct {
	Hunts     int `koanf:"hunts" usage:"exact searches and hunts a month, per client"`
	Downloads int `koanf:"downloads" usage:"MalQuery downloads a month, per client"`
}

// LimitsConfig sets request limits.
type LimitsConfig struct {
	RequestsPerMinute int `koanf:"requests_per_minute" usage:"requests of one customer in any minute"`
	TokensPerMinute   int `koanf:"tokens_per_minute" usage:"logins of one API client in any minute"`
	AddressTokens     int `koanf:"tokens_per_address" usage:"logins from one address in any minute"`
	BadTokens         int `koanf:"bad_tokens_per_address" usage:"requests with a bad token from one address in any minute"`
	FailedSecrets     int `koanf:"failed_secrets" usage:"wrong secrets for one client from one address before it has to wait"`
	InFlight          int `koanf:"in_flight" usage:"requests served at once"`
}

// DefaultConfig is the configuration of `mews serve` without any setting. The
// allowances are far above the upstream service's: machine and corpus are the
// operator's own, and a bulk import is one request a file.
func DefaultConfig() Config {
	return Config{
		Data:          defaultDataDir(),
		Listen:        "127.0.0.1:8443",
		Region:        "local",
		Metrics:       "loopback",
		LogLevel:      "info",
		LogFormat:     "text",
		ShutdownGrace: 15 * time.Second,
		SeedValue:     1,
		Blobs:         BlobsConfig{Compression: string(blob.Fast)},
		Index:         IndexConfig{MemoryMB: 128},
		Hunt: HuntConfig{
			Sandbox: "require", Workers: 2, MaxCandidates: 1_000_000, MaxGB: 1024, MaxTime: 30 * time.Minute,
		},
		Quarantine: QuarantineConfig{MaxUpdate: 100_000},
		Webhook:    WebhookConfig{Repeat: 24 * time.Hour},
		Telemetry:  TelemetryConfig{Retention: 365 * 24 * time.Hour, MemoryMB: 512},
		Paging:     PagingConfig{Window: 10_000},
		Compat:     CompatConfig{UnknownField: string(collection.UnknownError), UnknownIOC: UnknownIOCZero},
		Quota:      QuotaConfig{Hunts: 10_000, Downloads: 10_000},
		Limits:     LimitsConfig{RequestsPerMinute: 60_000, TokensPerMinute: 300, AddressTokens: 3000, BadTokens: 15, FailedSecrets: 10, InFlight: 256},
		Dev:        DevConfig{Requests: 1000},

		Vulnerabilities: VulnerabilitiesConfig{ExpireAfter: 45 * 24 * time.Hour, Retention: 365 * 24 * time.Hour},
	}
}

func defaultDataDir() string {
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "mews")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "share", "mews")
	}
	return "mews-data"
}

// Load reads the configuration: flags holds the keys that were set on the
// command line. Every mistake is reported, not only the first.
func Load(configFile string, environ []string, flags map[string]any) (Config, error) {
	k := koanf.New(".")
	if configFile != "" {
		if err := k.Load(file.Provider(configFile), yaml.Parser()); err != nil {
			return Config{}, fmt.Errorf("read configuration %s: %w", configFile, err)
		}
	}
	for _, layer := range []map[string]any{fromEnvironment(environ), flags} {
		if err := k.Load(confmap.Provider(layer, "."), nil); err != nil {
			return Config{}, fmt.Errorf("merge configuration: %w", err)
		}
	}
	cfg := DefaultConfig()
	errs := decodeStrict(k, &cfg)
	cfg.complete()
	if err := errors.Join(append(errs, cfg.Validate())...); err != nil {
		return Config{}, err
	}
	return cfg, nil
}

// fromEnvironment picks the MEWS_ variables that name a key. Others are left
// alone: the command line has variables of its own.
func fromEnvironment(environ []string) map[string]any {
	values := map[string]any{}
	for _, s := range Settings() {
		for _, v := range environ {
			if value, ok := strings.CutPrefix(v, s.Variable()+"="); ok && value != "" {
				values[s.Key] = value
			}
		}
	}
	return values
}

// complete fills what follows from other settings.
func (c *Config) complete() {
	c.Data = filepath.Clean(c.Data)
	if c.KeyFile == "" {
		c.KeyFile = c.Data + ".key"
	}
	if c.YaraWorker == "" {
		c.YaraWorker = besideExecutable("mews-yara")
	}
}

func besideExecutable(name string) string {
	self, err := os.Executable()
	if err != nil {
		return name
	}
	if real, err := filepath.EvalSymlinks(self); err == nil {
		self = real
	}
	return filepath.Join(filepath.Dir(self), name)
}

// Validate names every setting that cannot work.
func (c *Config) Validate() error {
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		bad("listen", "%q is not host:port", c.Listen)
	} else if c.InsecureHTTP && !isLoopback(host) {
		bad("insecure_http", "plain HTTP is served on a loopback address only, not on %q", host)
	}
	if inside(c.Data, c.KeyFile) {
		bad("key_file", "%s lies inside the data folder; keep the key apart from what it locks", c.KeyFile)
	}
	if err := httpapi.ValidateRegion(c.Region); err != nil {
		errs = append(errs, err)
	}
	if _, err := prefixes(c.TrustedProxies); err != nil {
		errs = append(errs, err)
	}
	oneOf(bad, "metrics", c.Metrics, "loopback", "any", "off")
	oneOf(bad, "log_level", c.LogLevel, "debug", "info", "warn", "error")
	oneOf(bad, "log_format", c.LogFormat, "text", "json")
	oneOf(bad, "hunt.sandbox", c.Hunt.Sandbox, "require", "best-effort")
	oneOf(bad, "blobs.compression", c.Blobs.Compression, string(blob.Fast), string(blob.Small))
	inRange(bad, "index.memory_mb", c.Index.MemoryMB, 16, 4096)
	inRange(bad, "hunt.workers", c.Hunt.Workers, 1, 64)
	inRange(bad, "hunt.max_candidates", c.Hunt.MaxCandidates, 1, 1<<31-1)
	inRange(bad, "hunt.max_gb", c.Hunt.MaxGB, 1, 1<<20)
	inRange(bad, "hunt.max_time in seconds", int(c.Hunt.MaxTime/time.Second), 1, 1<<31-1)
	oneOf(bad, "compat.unknown_ioc", c.Compat.UnknownIOC, UnknownIOCZero, UnknownIOCNotFound)
	oneOf(bad, "compat.unknown_field", c.Compat.UnknownField, string(collection.UnknownError), string(collection.UnknownEmpty))
	inRange(bad, "quarantine.max_update", c.Quarantine.MaxUpdate, 1, 1<<24)
	if c.Telemetry.Retention < 0 {
		bad("telemetry.retention", "must not be negative; 0 keeps sightings for ever")
	}
	if c.Vulnerabilities.ExpireAfter < 0 {
		bad("vulnerabilities.expire_after", "must not be negative; with 0 nothing expires")
	}
	if c.Vulnerabilities.Retention < 0 {
		bad("vulnerabilities.retention", "must not be negative; 0 keeps vulnerabilities for ever")
	}
	inRange(bad, "telemetry.memory_mb", c.Telemetry.MemoryMB, 64, 1<<20)
	if c.Paging.Window != 0 { // 0: no bound
		inRange(bad, "paging.window", c.Paging.Window, httpapi.MaxPage, 1<<31-1)
	}
	c.validateSeed(bad)
	c.Webhook.validate(bad)
	inRange(bad, "quota.hunts", c.Quota.Hunts, 0, 1<<31-1)
	inRange(bad, "quota.downloads", c.Quota.Downloads, 0, 1<<31-1)
	inRange(bad, "limits.requests_per_minute", c.Limits.RequestsPerMinute, 20, 1<<31-1)
	inRange(bad, "limits.tokens_per_minute", c.Limits.TokensPerMinute, 1, 1<<24)
	inRange(bad, "limits.tokens_per_address", c.Limits.AddressTokens, 1, 1<<24)
	inRange(bad, "limits.bad_tokens_per_address", c.Limits.BadTokens, 1, 1<<24)
	inRange(bad, "limits.failed_secrets", c.Limits.FailedSecrets, 1, 1<<16)
	inRange(bad, "limits.in_flight", c.Limits.InFlight, 1, 1<<16)
	inRange(bad, "dev.requests", c.Dev.Requests, 1, 1<<20)
	if c.ShutdownGrace < 0 {
		bad("shutdown_grace", "must not be negative")
	}
	return errors.Join(errs...)
}

func (c *Config) validateSeed(bad complain) {
	oneOf(bad, "seed", c.Seed, "", seedDemo)
	inRange(bad, "seed_value", c.SeedValue, 0, 1<<31-1)
	if c.SeedClient == "" {
		return
	}
	if c.Seed == "" {
		bad("seed_client", "an API client that others know is for made-up data only; add seed")
	}
	if id, file, ok := strings.Cut(c.SeedClient, ":"); !ok || id == "" || file == "" {
		bad("seed_client", "expected ID:FILE")
	}
}

func (c *WebhookConfig) validate(bad complain) {
	if c.Repeat != 0 && c.Repeat < time.Minute {
		bad("webhook.repeat", "%s is less than a minute", c.Repeat)
	}
	if c.URL == "" {
		return
	}
	if c.SecretFile == "" {
		bad("webhook.secret_file", "calls of the webhook are signed; name a file with a secret")
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		bad("webhook.url", "it is no https address; http is taken on a loopback address only")
	}
}

type complain func(key, format string, args ...any)

func oneOf(bad complain, key, value string, allowed ...string) {
	for _, a := range allowed {
		if value == a {
			return
		}
	}
	bad(key, "%q is none of %s", value, strings.Join(allowed, ", "))
}

func inRange(bad complain, key string, value, low, high int) {
	if value < low || value > high {
		bad(key, "%d is outside %d..%d", value, low, high)
	}
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// inside tells whether path lies in dir, by name.
func inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}
