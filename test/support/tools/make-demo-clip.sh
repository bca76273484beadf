#!/bin/sh
# Makes core/assets/demo.mp4, the clip of the demo path: 10 s that loop, H264 without B-frames and Opus.
# Needs ffmpeg with libx264, libopus and drawtext, and the DejaVu fonts (Debian: fonts-dejavu-core).
set -eu
cd "$(dirname "$0")/../../.."
mono=/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf
sans=/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf
rate=25
seconds=10

# A dark blue sky, a dot that circles once in 10 s, a bar that fills once a second, and a clock.
picture="gradients=size=640x360:rate=$rate:duration=$seconds:c0=0x0b1f3a:c1=0x1f5f8b:x0=320:y0=0:x1=320:y1=300:nb_colors=2:speed=0.00001"
filter="drawbox=x=0:y=300:w=640:h=60:color=black@0.35:t=fill,\
drawtext=fontfile=$sans:text='MediaMTX Pro':fontcolor=white:fontsize=44:x=(w-tw)/2:y=70,\
drawtext=fontfile=$sans:text='demo stream':fontcolor=white@0.7:fontsize=20:x=(w-tw)/2:y=126,\
drawtext=fontfile=$mono:text='%{eif\:floor(t)\:d\:2}.%{eif\:mod(floor(t*100)\,100)\:d\:2}':fontcolor=white:fontsize=64:x=(w-tw)/2:y=185,\
drawtext=fontfile=$mono:text='640x360 · 25 fps · H264 + Opus':fontcolor=white@0.8:fontsize=18:x=(w-tw)/2:y=322,\
drawtext=fontfile=$mono:text='●':fontcolor=0x7fe0a0:fontsize=36:x=w/2-14+296*sin(2*PI*t/$seconds):y=134-126*cos(2*PI*t/$seconds)"
# A soft beep at the start of each second, so that lip sync can be heard.
tone="aevalsrc=0.25*sin(2*PI*660*t)*exp(-12*mod(t\,1)):sample_rate=48000:duration=$seconds"

ffmpeg -hide_banner -loglevel error -y \
  -f lavfi -i "$picture" -f lavfi -i "$tone" \
  -vf "$filter,format=yuv420p" \
  -c:v libx264 -profile:v baseline -preset veryslow -bf 0 -refs 1 \
  -g $((rate * 2)) -keyint_min $((rate * 2)) -sc_threshold 0 -crf 24 -maxrate 300k -bufsize 300k \
  -c:a libopus -b:a 24k -ac 1 -application audio \
  -t "$seconds" -map_metadata -1 -fflags +bitexact -flags:v +bitexact -movflags +faststart \
  core/assets/demo.mp4
