#!/bin/sh
# Makes core/assets/offline-*.mp4, what always-available paths show while nobody feeds them: 2 s that loop.
# Needs ffmpeg with libx264, libx265, libvpx-vp9, libaom-av1 and drawtext, and the DejaVu fonts.
set -eu
cd "$(dirname "$0")/../../.."
sans=/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf
rate=10
seconds=2

picture="color=c=0x14181f:size=640x360:rate=$rate:duration=$seconds"
filter="drawbox=x=0:y=0:w=640:h=360:color=0x2b3442:t=4,\
drawtext=fontfile=$sans:text='OFFLINE':fontcolor=0xe6e9ee:fontsize=56:x=(w-tw)/2:y=128,\
drawtext=fontfile=$sans:text='waiting for the stream':fontcolor=0x8d98a8:fontsize=22:x=(w-tw)/2:y=208,format=yuv420p"

clip() {
  name=$1
  shift
  ffmpeg -hide_banner -loglevel error -y -f lavfi -i "$picture" -vf "$filter" "$@" \
    -g $rate -keyint_min $rate -t "$seconds" -map_metadata -1 -fflags +bitexact -flags:v +bitexact \
    -movflags +faststart "core/assets/offline-$name.mp4"
}

clip h264 -c:v libx264 -profile:v baseline -preset veryslow -bf 0 -refs 1 -sc_threshold 0 -crf 26
clip h265 -c:v libx265 -tag:v hvc1 -preset slow -crf 30 \
  -x265-params "bframes=0:keyint=$rate:min-keyint=$rate:scenecut=0:open-gop=0:info=0:log-level=error"
clip vp9 -c:v libvpx-vp9 -crf 36 -b:v 0 -lag-in-frames 0 -auto-alt-ref 0
clip av1 -c:v libaom-av1 -crf 36 -b:v 0 -cpu-used 6 -lag-in-frames 0 -usage realtime
