// Pulumi's own replayer of journals, for comparison with ours.
//
// Reads one journal a line, {"base": deployment, "entries": [...]}, and answers each with one line: the list of what
// Pulumi makes of its first 0, 1, ... entries, each {"version", "features", "deployment"} or {"error"}.
package main

import (
	"encoding/json"
	"io"
	"log"
	"os"

	"github.com/pulumi/pulumi/pkg/v3/backend"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

type journal struct {
	Base    json.RawMessage   `json:"base"`
	Entries []json.RawMessage `json:"entries"`
}

type answer struct {
	Error      string                `json:"error,omitempty"`
	Version    int                   `json:"version,omitempty"`
	Features   []string              `json:"features,omitempty"`
	Deployment *apitype.DeploymentV3 `json:"deployment,omitempty"`
}

func main() {
	input := json.NewDecoder(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	for {
		var each journal
		if err := input.Decode(&each); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		answers := make([]answer, len(each.Entries)+1)
		for length := range answers {
			answers[length] = replay(each.Base, each.Entries[:length])
		}
		if err := output.Encode(answers); err != nil {
			log.Fatal(err)
		}
	}
}

// replay decodes everything anew, as the replayer changes what it is given.
func replay(base json.RawMessage, entries []json.RawMessage) answer {
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal(base, &deployment); err != nil {
		return answer{Error: err.Error()}
	}
	replayer := backend.NewJournalReplayer(&deployment)
	for _, each := range entries {
		var entry apitype.JournalEntry
		if err := json.Unmarshal(each, &entry); err != nil {
			return answer{Error: err.Error()}
		}
		if err := replayer.Add(entry); err != nil {
			return answer{Error: err.Error()}
		}
	}
	typed, err := replayer.GenerateDeployment()
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Version: typed.Version, Features: typed.Features, Deployment: typed.Deployment}
}
