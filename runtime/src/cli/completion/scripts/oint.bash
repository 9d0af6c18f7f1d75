# Completion of oint for Bash; printed by `oint completion bash`.
_oint() {
    local flags line current=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z ${flags+set} ]]; then flags=$line; else COMPREPLY+=("${line%%$'\t'*}"); fi
    done < <("${COMP_WORDS[0]/#\~/$HOME}" __complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
    if [[ $flags == *open* ]]; then compopt -o nospace 2>/dev/null; fi
    if [[ $flags == *files* ]]; then
        # Right behind a character at which Bash cuts words, that is the word.
        if [[ $current == [=@:] ]]; then current=; fi
        compopt -o filenames 2>/dev/null
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
    fi
}
complete -F _oint oint
