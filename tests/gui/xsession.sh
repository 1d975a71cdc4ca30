#!/bin/bash
# A throw-away desktop: X server, session bus, window manager, a panel with a StatusNotifier tray, notifications.
# Home and runtime folders are its own, so that nothing of the person's desktop is touched or seen.
#
#   [PANEL=xfce|none] [BAR_IS_DARK=true|false] [SIZE=1100x760] tests/gui/xsession.sh COMMAND...
#
# Debian 12: apt-get install --no-install-recommends xvfb openbox xfce4-panel xfconf dunst dbus imagemagick
#            xdotool x11-xserver-utils adwaita-icon-theme fonts-dejavu-core
set -eu
export PANEL=${PANEL:-xfce} SIZE=${SIZE:-1100x760} BAR_IS_DARK=${BAR_IS_DARK:-true}
folder=$(mktemp -d)
mkdir -m 700 "$folder/run" "$folder/home" "$folder/log"
export XDG_RUNTIME_DIR=$folder/run HOME=$folder/home LOGS=$folder/log XDG_CURRENT_DESKTOP=XFCE
unset WAYLAND_DISPLAY QT_QPA_PLATFORM DBUS_SESSION_BUS_ADDRESS

# The server picks a free display itself and says which.
exec 3<>"$folder/display"
Xvfb -displayfd 3 -screen 0 "${SIZE}x24" -nolisten tcp -noreset >"$LOGS/xvfb" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
for _ in $(seq 100); do
    [ -s "$folder/display" ] && break
    sleep 0.1
done
DISPLAY=:$(cat "$folder/display")
export DISPLAY

panel_settings() {
    settings=$HOME/.config/xfce4/xfconf/xfce-perchannel-xml
    mkdir -p "$settings"
    cat >"$settings/xfce4-panel.xml" <<XML
<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
 <property name="configver" type="int" value="2"/>
 <property name="panels" type="array"><value type="int" value="1"/>
  <property name="dark-mode" type="bool" value="$BAR_IS_DARK"/>
  <property name="panel-1" type="empty">
   <property name="position" type="string" value="p=6;x=0;y=0"/>
   <property name="length" type="uint" value="100"/>
   <property name="position-locked" type="bool" value="true"/>
   <property name="size" type="uint" value="30"/>
   <property name="plugin-ids" type="array">
    <value type="int" value="1"/><value type="int" value="2"/><value type="int" value="3"/>
    <value type="int" value="4"/>
   </property>
  </property>
 </property>
 <property name="plugins" type="empty">
  <property name="plugin-1" type="string" value="tasklist"/>
  <property name="plugin-2" type="string" value="separator">
   <property name="expand" type="bool" value="true"/><property name="style" type="uint" value="0"/>
  </property>
  <property name="plugin-3" type="string" value="systray"/>
  <property name="plugin-4" type="string" value="clock"/>
 </property>
</channel>
XML
    mkdir -p "$HOME/.config/gtk-3.0"
    printf '[Settings]\ngtk-font-name=DejaVu Sans 10\n' >"$HOME/.config/gtk-3.0/settings.ini"
}
panel_settings

dbus-run-session -- bash -eu -c '
  children=
  begin() { log=$LOGS/$1; shift; "$@" >"$log" 2>&1 & children="$children $!"; }
  xsetroot -solid "#3c5a6e"
  begin openbox openbox
  begin dunst dunst
  if [ "$PANEL" = xfce ]; then
    for daemon in /usr/lib/*/xfce4/xfconf/xfconfd; do begin xfconfd "$daemon"; done
    begin panel xfce4-panel
    for _ in $(seq 100); do
      gdbus call --session --dest org.kde.StatusNotifierWatcher --object-path /StatusNotifierWatcher \
        --method org.freedesktop.DBus.Properties.Get org.kde.StatusNotifierWatcher IsStatusNotifierHostRegistered \
        2>/dev/null | grep -q true && break
      sleep 0.1
    done
  fi
  code=0; "$@" || code=$?
  kill $children 2>/dev/null || true
  exit $code
' _ "$@"
