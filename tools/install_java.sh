#!/bin/sh
# Finds Java 17 or newer for the tests on Spark, or installs it where we are root on Debian.
# Without it those tests skip and say why; in CI they may not (see tests/spark/conftest.py).
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
version=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
[ "${version:-0}" -ge 17 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing Java for the tests on Spark"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq default-jre-headless >/dev/null && exit 0
fi
echo "no Java 17 found: the tests on Spark will be skipped (install a package like openjdk-17-jre-headless to run them)"
