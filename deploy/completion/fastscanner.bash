# bash completion for fastscanner. tests/test_command.c holds it to the table in broker/command.c.

_fastscanner_scanners ()
{
    "${COMP_WORDS[0]}" scanners 2>/dev/null | while read -r name _; do echo "$name"; done
}

_fastscanner_options ()
{
    local common="--config --log-level --log-format --help --version"
    local live="--data --scan --freq --symbols --workers --out --all-hits --progress --redis --redis-user"
    live+=" --redis-password-file --streams --since --candle-timeout --day-timeout --incomplete --minutes"
    live+=" --keep --drain --dead-after --max-symbols --state --listen --no-local --partition --curve-dir --insecure"
    live+=" --http"
    case $1 in
    scan | check)
        echo "$common --data --scan --freq --from --to --symbols --workers --out --all-hits --strict --progress" \
            "--partition"
        ;;
    live) echo "$common $live" ;;
    replay) echo "$common $live --from --to --speed --strict" ;;
    load)
        echo "$common --scan --freq --count --seed --rate --seconds --stream-count --workers --out --state" \
            "--all-hits --progress --redis --redis-user --redis-password-file --drain --dead-after --json" \
            "--listen --no-local --curve-dir --insecure --http"
        ;;
    sample) echo "$common --freq --from --to --count --seed" ;;
    scanners) echo "$common" ;;
    explain) echo "$common --data --scan --freq" ;;
    keys) echo "$common --rotate" ;;
    health) echo "$common --http --ready" ;;
    esac
}

_fastscanner ()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    local words="" action="" line
    if ((COMP_CWORD == 1)); then
        words="scan live replay load sample scanners explain check keys health --help --version"
    else
        [[ $word == "=" ]] && word=""
        [[ $before == "=" ]] && before=${COMP_WORDS[COMP_CWORD - 2]}
        case $before in
        --config | --symbols | --redis-password-file | --json) action="file" ;;
        --data | --state | --curve-dir) action="directory" ;;
        --scan) words=$(_fastscanner_scanners) ;;
        --freq) words="1min 2min 3min 5min 10min 15min 30min 1h 1d" ;;
        --out) words="csv: jsonl: sqlite: redis:" ;;
        --minutes) words="redis:" ;;
        --redis) words="redis:// unix:///" ;;
        --since) words="day start now" ;;
        --speed) words="max 1x 60x" ;;
        --incomplete) words="scan skip" ;;
        --rotate) words="broker collector worker" ;;
        --progress) words="auto never" ;;
        --log-level) words="error warning info debug" ;;
        --log-format) words="text logfmt json" ;;
        --from | --to | --count | --seed | --workers | --redis-user | --streams) ;;
        --rate | --seconds | --stream-count) ;;
        --candle-timeout | --day-timeout | --keep | --drain | --dead-after | --max-symbols) ;;
        *)
            if [[ $word == -* ]]; then
                words=$(_fastscanner_options "$command")
            elif [[ $command == scanners ]]; then
                words=$(_fastscanner_scanners)
            elif [[ $command == sample || $command == keys ]]; then
                action="directory"
            elif [[ $before == ":" ]]; then
                action="file"
            fi
            ;;
        esac
    fi
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(
        case $action in
        file) compgen -f -- "$word" ;;
        directory) compgen -d -- "$word" ;;
        *) compgen -W "$words" -- "$word" ;;
        esac
    )
    if [[ -n $action ]]; then
        compopt -o filenames
    elif [[ ${COMPREPLY[0]} == *: ]]; then
        compopt -o nospace
    fi
}

complete -F _fastscanner fastscanner
