package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// config is what 'tandem login' keeps.
type config struct {
	Server string `json:"server"`
	Token  string `json:"token"`
}

func configPath() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "tandem", "config.json"), nil
}

// readConfig returns what was kept; nothing, if nothing was.
func readConfig() (config, error) {
	var c config
	path, err := configPath()
	if err != nil {
		return c, nil // no home, nothing kept
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("%s cannot be read (%w); 'tandem login' writes it anew once it is removed", path, err)
	}
	return c, nil
}

// writeConfig keeps a server and a token where only the user can read them.
func writeConfig(c config) (string, error) {
	path, err := configPath()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o600); err != nil {
		return "", err
	}
	return path, os.Chmod(path, 0o600) // a file that was there keeps its rights when it is written
}
