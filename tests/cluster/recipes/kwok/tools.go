//go:build tools

// Pins what cmd/kwok is built from.
package tools

import _ "sigs.k8s.io/kwok/cmd/kwok"
