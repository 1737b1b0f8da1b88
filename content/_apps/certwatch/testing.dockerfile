# Runs the checks of the code: docker build -f testing.dockerfile .
# The image is not meant to be started. It is enough that it builds:
# a test that fails makes RUN fail, and with it the build.
FROM golang:1.26

WORKDIR /src
COPY . .

RUN go vet ./... && go test -v ./...
