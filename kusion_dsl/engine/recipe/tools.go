//go:build tools

// Package engine names what is built, so that "go mod tidy" keeps the modules and checksums it needs.
package engine

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
