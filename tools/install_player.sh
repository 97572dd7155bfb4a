#!/bin/sh
# Finds VLC for the tests of playlist files, or installs it where we are root on Debian: it is the smallest
# player that opens both M3U8 and XSPF. Without it those tests skip and say why; in CI they may not
# (see tests/playlists/conftest.py).
has_vlc() {
  command -v vlc >/dev/null 2>&1 && find /usr /opt -name 'libplaylist_plugin.so' 2>/dev/null | grep -q .
}
has_vlc && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing VLC for the tests of playlist files"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends vlc-bin vlc-plugin-base >/dev/null && exit 0
fi
echo "no VLC found: the tests that open playlists in a player will be skipped (install vlc-bin and vlc-plugin-base)"
