// Command tutor renders lessons, hands out exercises and checks learners'
// Docker images.
package main

import (
	"os"

	"example.com/tutor/cmd/internal/app"
)

func main() { os.Exit(int(app.Main())) }
