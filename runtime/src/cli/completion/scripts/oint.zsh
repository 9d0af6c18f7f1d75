#compdef oint
# Completion of oint for zsh; printed by `oint completion zsh`.
_oint() {
    local -a lines plain shown open open_shown
    local flags line value
    lines=("${(@f)$("${(Q)words[1]}" __complete zsh "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    flags=$lines[1]
    for line in "${(@)lines[2,-1]}"; do
        value=${line%%$'\t'*}
        if [[ $value == *[.=] ]]; then
            open+=("$value") open_shown+=("${line/$'\t'/  -- }")
        else
            plain+=("$value") shown+=("${line/$'\t'/  -- }")
        fi
    done
    (( $#plain )) && compadd -l -V oint -d shown -a plain
    (( $#open )) && compadd -l -V oint-open -S '' -d open_shown -a open
    if [[ $flags == *files* ]]; then
        compset -P '--[^=]#='
        compset -P '@'
        _files
    fi
}
if [[ $funcstack[1] == _oint ]]; then _oint "$@"; else compdef _oint oint; fi
