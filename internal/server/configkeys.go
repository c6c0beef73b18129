package server

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/v2"
)

// A Setting is one configuration key as flags, variables and help show it.
type Setting struct {
	Key     string // as in the YAML file: hunt.sandbox
	Usage   string
	Default any // string, bool, int, time.Duration or []string
}

// Flag is the setting's name on the command line: hunt-sandbox. A part that is
// switched on has its own name: dev for dev.enabled.
func (s Setting) Flag() string {
	return strings.NewReplacer(".", "-", "_", "-").Replace(strings.TrimSuffix(s.Key, ".enabled"))
}

// Variable is the setting's name in the environment: MEWS_HUNT_SANDBOX.
func (s Setting) Variable() string {
	return "MEWS_" + strings.ToUpper(strings.ReplaceAll(s.Key, ".", "_"))
}

// Settings lists every configuration key with its default.
func Settings() []Setting { return settingsOf(reflect.ValueOf(DefaultConfig()), "") }

// Values lists every configuration key with what cfg says; Default holds it.
func Values(cfg Config) []Setting { return settingsOf(reflect.ValueOf(cfg), "") }

func settingsOf(v reflect.Value, prefix string) []Setting {
	var list []Setting
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key := prefix + f.Tag.Get("koanf")
		if f.Type.Kind() == reflect.Struct {
			list = append(list, settingsOf(v.Field(i), key+".")...)
			continue
		}
		list = append(list, Setting{Key: key, Usage: f.Tag.Get("usage"), Default: v.Field(i).Interface()})
	}
	return list
}

// decodeStrict fills cfg from the merged layers. A key that no field carries is
// a mistake, not a wish.
func decodeStrict(k *koanf.Koanf, cfg *Config) []error {
	known := map[string]bool{}
	for _, s := range Settings() {
		known[s.Key] = true
	}
	var errs []error
	for _, key := range k.Keys() {
		if !known[key] {
			errs = append(errs, fmt.Errorf("%s: no such setting", key))
		}
	}
	err := k.UnmarshalWithConf("", cfg, koanf.UnmarshalConf{
		Tag: "koanf",
		DecoderConfig: &mapstructure.DecoderConfig{
			Result:           cfg,
			TagName:          "koanf",
			WeaklyTypedInput: true,
			DecodeHook: mapstructure.ComposeDecodeHookFunc(
				mapstructure.StringToTimeDurationHookFunc(),
				mapstructure.StringToSliceHookFunc(","),
			),
		},
	})
	return append(errs, decodeErrors(err)...)
}

// decodeErrors gives one error for each value that could not be read, under
// its key.
func decodeErrors(err error) []error {
	if err == nil {
		return nil
	}
	if one, ok := err.(*mapstructure.DecodeError); ok {
		return []error{fmt.Errorf("%s: %w", one.Name(), one.Unwrap())}
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var errs []error
		for _, e := range many.Unwrap() {
			errs = append(errs, decodeErrors(e)...)
		}
		return errs
	}
	if inner := errors.Unwrap(err); inner != nil {
		return decodeErrors(inner)
	}
	return []error{fmt.Errorf("configuration: %w", err)}
}
