#!/bin/sh
# Finds Chromium for the browser tests, or installs it where we are root on Debian.
# Without it those tests skip and say why; in CI they may not (see tests/conftest.py).
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing Chromium for the browser tests"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null && exit 0
fi
echo "no Chromium found: the browser tests will be skipped (install a package named chromium to run them)"
