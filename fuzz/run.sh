#!/usr/bin/env bash
# Fuzzes every parser: fuzz/run.sh [SECONDS-PER-TARGET | same] [TARGET]...
#
# With seconds it wanders, and every run learns from those before it: `make fuzz`, before a release and
# after a change of a parser. With `same`, which is what `make test` asks for, the same inputs are tried
# every time: the seeds and a fixed number of changes to them, drawn with a fixed seed, so that a
# commit is never refused for what chance found in another one.
#
# On the stable toolchain: LLVM's coverage pass and libFuzzer, without a sanitizer, which safe Rust
# hardly needs. A panic, an assertion, a wrap, 10 s for one input or 1 GiB of memory is a finding; it is
# kept in fuzz/artifacts/TARGET, and replayed with: fuzz/run.sh 0 TARGET (all artifacts go first).
# What is learned while wandering stays in the cache folder; what is precious goes to fuzz/seeds.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-60}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(element stream sdp stun words passkey)

cache=${XDG_CACHE_HOME:-$HOME/.cache}/beffroi
export CARGO_TARGET_DIR=$cache/fuzz-target
host=$(rustc -vV | sed -n 's/^host: //p')
# With --target the flags reach only what is fuzzed, not build scripts and macros.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares" \
  cargo build --quiet --release --target "$host"

# The transcripts are the best seeds there are: what clients really say, and what must be refused.
said() { # said: every frame that comes in, one a line, continuation lines joined
  cat ../transcripts/xmpp/*.txt | awk '
    /^< / { if (line != "") print line; line = substr($0, 3); next }
    /^  / { if (line != "") { sub(/^ +/, ""); line = line $0 }; next }
    { if (line != "") print line; line = "" }
    END { if (line != "") print line }'
}

if [ "$seconds" = same ]; then
  corpora=$(mktemp -d)
  trap 'rm -rf "$corpora"' EXIT
  how_long=(-runs=50000 -seed=1)
else
  corpora=$cache/fuzz-corpus
  how_long=(-max_total_time="$seconds")
fi

failed=0
for target in "${targets[@]}"; do
  corpus=$corpora/$target
  mkdir -p "$corpus" "artifacts/$target" "seeds/$target"
  if [ "$target" = element ]; then
    said | split -l 1 -a 4 - "$corpus/said-"
  elif [ "$target" = stream ]; then
    for transcript in ../transcripts/xmpp/*.txt; do
      sed -n 's/^< //p' "$transcript" > "$corpus/$(basename "$transcript" .txt)"
    done
  fi
  if [ "$target" = passkey ]; then
    # What Chromium answered, behind the byte that chooses its challenge (targets/passkey.rs).
    python3 - ../crates/identity/tests/passkey/chromium.json "$corpus" <<'SEEDS'
import base64, json, sys
for name, one in json.load(open(sys.argv[1])).items():
    if isinstance(one, dict) and isinstance(one["answer"], dict):
        challenge = base64.urlsafe_b64decode(one["options"]["challenge"] + "=")[0]
        open(f"{sys.argv[2]}/{name}", "w").write(chr(ord("0") + challenge) + json.dumps(one["answer"]))
SEEDS
  fi
  program=$CARGO_TARGET_DIR/$host/release/$target
  limits=(-timeout=10 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=0 -verbosity=0)
  for artifact in "artifacts/$target"/*; do
    [ -e "$artifact" ] || continue
    if ! "$program" "${limits[@]}" "$artifact" > "$cache/fuzz-$target.log" 2>&1; then
      failed=1
      echo "$target: $artifact still fails; the whole story is in $cache/fuzz-$target.log"
    fi
  done
  [ "$seconds" != 0 ] || continue
  echo "$target: ${how_long[*]}, $(find "$corpus" "seeds/$target" -type f | wc -l) seeds"
  if ! "$program" "${limits[@]}" "${how_long[@]}" -artifact_prefix="artifacts/$target/" \
    "$corpus" "seeds/$target" > "$cache/fuzz-$target.log" 2>&1; then
    failed=1
    grep -a -A 6 'panicked at' "$cache/fuzz-$target.log" | cut -c 1-500 || tail -n 20 "$cache/fuzz-$target.log"
    echo "$target: a finding, kept in fuzz/artifacts/$target; the whole story is in $cache/fuzz-$target.log"
  fi
done
exit $failed
