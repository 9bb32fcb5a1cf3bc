#!/usr/bin/env bash
# demo.sh: shows Holdfast where there is no screen. The program runs on a private virtual desktop with a sample home folder;
# real clicks and keys do the main job, and a picture is taken of every step.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
pictures=$PWD/build/demo
rm -rf "$pictures"
echo 'There is no screen here, so Holdfast runs on a virtual one, used by a program that clicks and types:'
echo 'it chooses a folder for the backup, backs up a sample home folder, changes and deletes files, and gets an older version back.'
HOLDFAST_DESKTOP=$PWD/build/holdfast-desktop HOLDFAST_PICTURES=$pictures CGO_ENABLED=0 \
  go test -count=1 -run '^TestTheMainJobAsAPersonDoesIt$' -v ./packaging/linux/e2e
echo
echo "Pictures of every step: $pictures"
ls "$pictures"
